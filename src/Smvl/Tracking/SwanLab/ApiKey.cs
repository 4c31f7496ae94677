namespace Smvl.Tracking.SwanLab;

/// <summary>SwanLab's API key, which stands in one request header and nowhere else: as text it is only stars.</summary>
internal sealed class ApiKey(string value)
{
    private const string Stars = "***";

    /// <summary>The key itself, for the login.</summary>
    public string Reveal() => value;

    /// <summary>A text without the key, should it be in there.</summary>
    public string Redacted(string text) => text.Replace(value, Stars, StringComparison.Ordinal);

    public override string ToString() => Stars;
}
