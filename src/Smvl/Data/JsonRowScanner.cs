using System.Buffers;

namespace Smvl.Data;

/// <summary>
/// Reads through a JSON file once, in blocks, and finds where its rows begin; of the text nothing is kept. What stands within a row is
/// looked at when the row is read. A line that is no JSON costs one row, as the next line begins anew.
/// </summary>
internal sealed class JsonRowScanner
{
    private const int BlockBytes = 1 << 20;

    private static readonly SearchValues<byte> Structural = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> InString = SearchValues.Create("\"\\"u8);

    private readonly string path;
    private readonly List<long> starts = [];
    private JsonRowForm? form;
    private Place place = Place.BeforeFirst;
    private int depth;
    private bool quoted, escaped, inLine;

    private JsonRowScanner(string path) => this.path = path;

    /// <summary>Between an array's rows.</summary>
    private enum Place
    {
        BeforeFirst,
        BehindComma,
        BehindRow,
        BehindArray,
    }

    public static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <param name="path">for errors</param>
    /// <param name="stream">the whole file, whose first character but white space is <c>[</c> or <c>{</c></param>
    /// <exception cref="SmvlException">an array that is cut short or holds something else than objects; names file, row and byte</exception>
    public static RowIndex Scan(string path, Stream stream)
    {
        JsonRowScanner scanner = new(path);
        byte[] block = new byte[BlockBytes];
        long at = 0;
        for (int read; (read = stream.Read(block)) > 0; at += read)
        {
            scanner.Take(block.AsSpan(0, read), at);
        }

        return scanner.form == JsonRowForm.Array && scanner.place != Place.BehindArray
            ? throw scanner.Bad(scanner.depth > 0 ? scanner.starts.Count - 1 : scanner.starts.Count, "the file ends before its array does", at, "], the end of the array", "the end of the file")
            : new RowIndex(scanner.form ?? JsonRowForm.Lines, [.. scanner.starts, at]);
    }

    private void Take(ReadOnlySpan<byte> block, long at)
    {
        int i = 0;
        if (form is null)
        {
            i = block.IndexOfAnyExcept(" \t\r\n\uFEFF"u8);   // a byte order mark is three bytes, and they may come one by one
            if (i < 0)
            {
                return;
            }

            form = block[i] == (byte)'[' ? JsonRowForm.Array : JsonRowForm.Lines;
            i += form == JsonRowForm.Array ? 1 : 0;
        }

        if (form == JsonRowForm.Array)
        {
            TakeArray(block, i, at);
        }
        else
        {
            TakeLines(block, i, at);
        }
    }

    private void TakeLines(ReadOnlySpan<byte> block, int i, long at)
    {
        while (true)
        {
            if (!inLine)
            {
                int blank = block[i..].IndexOfAnyExcept(" \t\r\n"u8);
                if (blank < 0)
                {
                    return;
                }

                i += blank;
                starts.Add(at + i);
                inLine = true;
            }

            int end = block[i..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return;
            }

            i += end + 1;
            inLine = false;
        }
    }

    private void TakeArray(ReadOnlySpan<byte> block, int i, long at)
    {
        while (i < block.Length)
        {
            if (escaped)
            {
                escaped = false;
                i++;
            }
            else if (depth > 0)
            {
                int found = block[i..].IndexOfAny(quoted ? InString : Structural);
                if (found < 0)
                {
                    return;
                }

                i += found;
                TakeStructure(block[i++]);
            }
            else
            {
                TakeBetween(block[i], at + i);
                i++;
            }
        }
    }

    private void TakeStructure(byte symbol)
    {
        switch (symbol)
        {
            case (byte)'"':
                quoted = !quoted;
                break;
            case (byte)'\\':
                escaped = true;
                break;
            case (byte)'{' or (byte)'[':
                depth++;
                break;
            default:
                depth--;
                break;
        }
    }

    private void TakeBetween(byte symbol, long at)
    {
        if (symbol is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            return;
        }

        (string expected, Place? next) = (place, symbol) switch
        {
            (Place.BeforeFirst or Place.BehindComma, (byte)'{') => ("", Place.BehindRow),
            (Place.BeforeFirst or Place.BehindRow, (byte)']') => ("", Place.BehindArray),
            (Place.BehindRow, (byte)',') => ("", Place.BehindComma),
            (Place.BeforeFirst or Place.BehindComma, _) => ("{, the start of a row", null),
            (Place.BehindRow, _) => (", or ]", (Place?)null),
            _ => ("nothing behind the array", null),
        };
        place = next ?? throw Bad(starts.Count, "the file's array cannot be read", at, expected, symbol is > (byte)' ' and <= (byte)'~' ? $"{(char)symbol}" : $"byte {symbol:X2}");
        if (symbol == (byte)'{')
        {
            starts.Add(at);
            depth = 1;
        }
    }

    private SmvlException Bad(int row, string what, long at, string expected, string actual) =>
        new(what, $"{path}, row {row}, byte {at}", expected, actual, "mend or fetch the file again; one JSON object a line needs no array around it");
}
