using System.Globalization;
using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>Numbers as Python's <c>float</c> reads them, since scorers decide by it what is a number.</summary>
internal static partial class PythonFloat
{
    public static double? TryParse(string text)
    {
        string trimmed = text.Trim();
        Match special = Special().Match(trimmed);
        if (special.Success)
        {
            double value = special.Groups["nan"].Success ? double.NaN : double.PositiveInfinity;
            return trimmed[0] == '-' ? -value : value;
        }

        return Number().IsMatch(trimmed) ? double.Parse(trimmed.Replace("_", ""), NumberStyles.Float, CultureInfo.InvariantCulture) : null;
    }

    [GeneratedRegex(@"^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$", RegexOptions.ECMAScript)]
    private static partial Regex Number();

    [GeneratedRegex(@"^[+-]?((?<nan>nan)|inf|infinity)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Special();
}
