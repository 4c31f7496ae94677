namespace Smvl.Evaluation;

/// <summary>A row of a task's data. Reading a value may fail; the error names file and row.</summary>
internal abstract class TaskRow
{
    /// <summary>File and row, counted from 0.</summary>
    public abstract string Where { get; }

    /// <summary>The value, or the values of a list; null where there is none.</summary>
    public abstract IReadOnlyList<string>? Texts(string column);

    /// <summary>Encoded pictures; none where there is none.</summary>
    public abstract IReadOnlyList<ReadOnlyMemory<byte>> Pictures(string column);

    /// <summary>Whether the column holds lists.</summary>
    public virtual bool IsList(string column) => false;

    public SmvlException Bad(string what, string? expected = null, string? actual = null) =>
        new(what, Where, expected, actual, "mend the row, or count and leave out such rows with --skip-bad");
}
