using System.CommandLine;
using System.Globalization;

namespace Smvl.Cli;

/// <summary><c>--memory 700MB</c>: bytes of resident memory that are never exceeded.</summary>
internal sealed class MemoryOption : Option<long?>
{
    private static readonly (string Unit, double Bytes)[] Units =
        [("GiB", 1L << 30), ("MiB", 1L << 20), ("GB", 1e9), ("MB", 1e6)];

    /// <param name="description">what is done to keep it</param>
    public MemoryOption(string description)
        : base("--memory")
    {
        Description = description;
        CustomParser = result =>
        {
            if (TryParse(result.Tokens[0].Value, out long bytes))
            {
                return bytes;
            }

            result.AddError("--memory must be a number of MB, MiB, GB or GiB, such as 700MB.");
            return null;
        };
    }

    internal static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        foreach ((string unit, double size) in Units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
                && count > 0 && count * size < long.MaxValue)
            {
                bytes = (long)(count * size);
                return true;
            }
        }

        return false;
    }
}
