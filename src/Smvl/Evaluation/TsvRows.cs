namespace Smvl.Evaluation;

/// <summary>
/// Rows of a tab-separated file as VLMEvalKit's benchmarks have them: a header, values quoted where they hold tabs, line breaks or quotes,
/// pictures in base64 in a column of their own, or the <c>index</c> of the row that holds the picture. Read row by row: a file of
/// gigabytes takes the memory of its largest row. Source: ImageBaseDataset in VLMEvalKit vlmeval/dataset/image_base.py at e8e78f0.
/// </summary>
internal static class TsvRows
{
    /// <summary>A value of the picture's column that is no longer than this names another row.</summary>
    public const int LongestReference = 64;

    private const string IndexColumn = "index";

    /// <param name="path">the file</param>
    /// <param name="columns">those that are read; all must be there</param>
    /// <exception cref="SmvlException">no such file, no header, or a column missing</exception>
    public static IEnumerable<TaskRow> Read(string path, IReadOnlyList<string> columns)
    {
        using TsvReader reader = TsvReader.Open(path);
        string[] header = reader.ReadRow() ?? throw new SmvlException("the file is empty", path, "a header and rows, values between tabs");
        foreach (string missing in columns.Where(column => !header.Contains(column)))
        {
            throw new SmvlException($"column {missing} is missing, the file has {string.Join(", ", header)}", path);
        }

        PictureOffsets pictures = new(path, header);
        for (int number = 0; ; number++)
        {
            string[]? values = reader.ReadRow();
            if (values is null)
            {
                yield break;
            }

            yield return new Row(path, header, values, number, pictures);
        }
    }

    private sealed class Row(string path, string[] header, string[] values, int number, PictureOffsets pictures) : TaskRow
    {
        public override string Where => $"{path}, row {number}";

        public override IReadOnlyList<string>? Texts(string column) => Value(column) is { Length: > 0 } text ? [text] : null;

        public override IReadOnlyList<ReadOnlyMemory<byte>> Pictures(string column)
        {
            string text = Value(column);
            if (text.Length is > 0 and <= LongestReference && text.All(char.IsAsciiDigit))
            {
                text = pictures.Find(column, text) ?? throw Bad($"column {column} names the picture of row {text}, which has none");
            }

            return text.Length == 0 ? [] : [.. List(text).Select(encoded => Decode(column, encoded))];
        }

        /// <summary>One picture, or several as Python writes a list of texts.</summary>
        private static IReadOnlyList<string> List(string text) => text[0] == '[' && PythonList.TryParse(text) is { } items ? items : [text];

        private ReadOnlyMemory<byte> Decode(string column, string encoded)
        {
            try
            {
                return Convert.FromBase64String(encoded);
            }
            catch (FormatException)
            {
                throw Bad($"column {column} is no base64");
            }
        }

        private string Value(string column) => values.Length == header.Length
            ? values[Array.IndexOf(header, column)]
            : throw Bad("the row has another number of values than the header", $"{header.Length}", $"{values.Length}");
    }

    /// <summary>Where the rows with pictures begin, found when the first row refers to another.</summary>
    private sealed class PictureOffsets(string path, string[] header)
    {
        private Dictionary<string, long>? offsets;

        public string? Find(string column, string index)
        {
            int picture = Array.IndexOf(header, column), key = Array.IndexOf(header, IndexColumn);
            if (key < 0)
            {
                return null;
            }

            lock (header)
            {
                offsets ??= Scan(picture, key);
            }

            if (!offsets.TryGetValue(index, out long offset))
            {
                return null;
            }

            using TsvReader reader = TsvReader.Open(path, offset);
            return reader.ReadRow()![picture];
        }

        private Dictionary<string, long> Scan(int picture, int key)
        {
            var found = new Dictionary<string, long>(StringComparer.Ordinal);
            using TsvReader reader = TsvReader.Open(path);
            for (long offset = 0; reader.ReadRow() is { } row; offset = reader.Position)
            {
                if (row.Length == header.Length && row[picture].Length > LongestReference)
                {
                    found[row[key]] = offset;
                }
            }

            return found;
        }
    }
}
