using System.Globalization;

namespace Smvl;

/// <summary>
/// The cores that a computation uses where nobody says: SMVL_THREADS, else all of the machine's. The number changes how long something
/// takes and never what comes out.
/// </summary>
public static class ThreadCount
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "SMVL_THREADS";

    /// <summary>What a number must be, in words.</summary>
    public const string Expected = "a whole number from 1 to 1024";

    private const int Most = 1024;

    /// <exception cref="SmvlException">the variable holds no such number</exception>
    public static int Default => Of(Environment.GetEnvironmentVariable(Variable));

    /// <summary>True for what <see cref="Expected"/> says.</summary>
    public static bool TryParse(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= Most;

    /// <param name="variable">the variable's value; null where it is not set</param>
    internal static int Of(string? variable) =>
        variable is null ? Environment.ProcessorCount
        : TryParse(variable, out int count) ? count
        : throw new SmvlException("is no thread count", Variable, Expected, variable);
}
