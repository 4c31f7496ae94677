namespace Smvl.Formats;

/// <summary>Names in a one-line message: the first few, and how many more there are.</summary>
internal static class NameList
{
    private const int Shown = 4;

    public static string Of(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Shown)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");
}
