namespace Smvl.Data;

/// <summary>How a JSON file holds its rows.</summary>
internal enum JsonRowForm
{
    /// <summary>One array, its elements the rows.</summary>
    Array,

    /// <summary>A row a line, blank lines between them or not (JSON lines, NDJSON).</summary>
    Lines,
}

/// <summary>Where a JSON file's rows are.</summary>
/// <param name="Form">how it holds them</param>
/// <param name="Starts">(rows + 1) the byte each row begins at, and the file's length</param>
internal sealed record RowIndex(JsonRowForm Form, long[] Starts)
{
    public int Count => Starts.Length - 1;
}
