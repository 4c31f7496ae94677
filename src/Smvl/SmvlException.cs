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
        : base(hint is null ? Compose(what, where, expected, actual) : $"{Compose(what, where, expected, actual)}; {hint.ReplaceLineEndings(" ")}", inner)
    {
        Where = where;
        Finding = Compose(what, where, expected, actual);
        Hint = hint?.ReplaceLineEndings(" ");
    }

    /// <summary>The most exact place known; null where there is none.</summary>
    public string? Where { get; }

    /// <summary>The message up to what to do next.</summary>
    public string Finding { get; }

    /// <summary>What to do next; null where that is not known.</summary>
    public string? Hint { get; }

    private static string Compose(string what, string? where, string? expected, string? actual)
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

        return line.ReplaceLineEndings(" ");
    }
}
