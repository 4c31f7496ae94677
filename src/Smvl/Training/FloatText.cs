using System.Globalization;

namespace Smvl.Training;

/// <summary>
/// A float as text that JSON, YAML 1.1 (PyYAML) and Python all read back as the same float, never as an integer or a string:
/// <c>2.0</c>, <c>0.125</c>, <c>1.0e-05</c>. Shortest digits that round-trip.
/// </summary>
internal static class FloatText
{
    /// <param name="value">finite: none of the formats has another kind</param>
    public static string Of(double value)
    {
        System.Diagnostics.Debug.Assert(double.IsFinite(value), "only finite numbers are written");
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = text.IndexOf('E', StringComparison.Ordinal);
        string digits = exponent < 0 ? text : text[..exponent];
        string tail = exponent < 0 ? "" : "e" + text[(exponent + 1)..];
        return (digits.Contains('.') ? digits : digits + ".0") + tail;
    }
}
