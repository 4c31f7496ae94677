namespace Smvl;

/// <summary>
/// Bad input, told in one line: what is wrong, where, what was expected, what was found, and what to do about it.
/// Thrown for everything a user can mend; the program's own faults are <c>Debug.Assert</c>.
/// The command line prints <see cref="Exception.Message"/> on stderr and exits with 1, without a stack trace.
/// </summary>
public sealed class SmvlException : Exception
{
    /// <param name="what">what is wrong, as a clause without a full stop</param>
    /// <param name="where">file, tensor, key, row: the most exact place known</param>
    /// <param name="expected">what would have been right</param>
    /// <param name="actual">what was found instead</param>
    /// <param name="hint">what to do next, as a clause without a full stop</param>
    /// <param name="inner">the cause, if another exception led here</param>
    public SmvlException(
        string what, string? where = null, string? expected = null, string? actual = null, string? hint = null, Exception? inner = null)
        : base(Compose(what, where, expected, actual, hint), inner) => Where = where;

    /// <summary>The most exact place known; null where there is none.</summary>
    public string? Where { get; }

    private static string Compose(string what, string? where, string? expected, string? actual, string? hint)
    {
        string line = where is null ? what : $"{where}: {what}";
        if (expected is not null && actual is not null)
        {
            line += $" (expected {expected}, actual {actual})";
        }
        else if (expected is not null)
        {
            line += $" (expected {expected})";
        }
        else if (actual is not null)
        {
            line += $" (actual {actual})";
        }

        if (hint is not null)
        {
            line += $"; {hint}";
        }

        return line.ReplaceLineEndings(" ");
    }
}
