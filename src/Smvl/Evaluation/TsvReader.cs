using System.Text;

namespace Smvl.Evaluation;

/// <summary>
/// Reads a tab-separated file a row at a time, from any row's first byte on. A value in double quotes may hold tabs and line breaks, and
/// quotes as two, as pandas and Python's csv module write them.
/// </summary>
internal sealed class TsvReader : IDisposable
{
    private const int BufferBytes = 1 << 16, LongestRow = 1 << 30;

    private readonly string path;
    private readonly FileStream stream;
    private readonly byte[] buffer = new byte[BufferBytes];
    private byte[] value = new byte[1 << 12];
    private int at, end;
    private long before;

    private TsvReader(string path, FileStream stream, long position)
    {
        this.path = path;
        this.stream = stream;
        before = position;
    }

    /// <summary>Where the next row begins.</summary>
    public long Position => before + at;

    /// <param name="path">the file</param>
    /// <param name="position">a row's first byte</param>
    /// <exception cref="SmvlException">it cannot be opened</exception>
    public static TsvReader Open(string path, long position = 0)
    {
        try
        {
            FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0) { Position = position };
            TsvReader reader = new(path, stream, position);
            if (position == 0 && reader.Peek() == 0xEF)
            {
                // a byte order mark, which Excel writes
                reader.at += reader.end >= 3 && reader.buffer[1] == 0xBB && reader.buffer[2] == 0xBF ? 3 : 0;
            }

            return reader;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"cannot open: {e.Message}", path, "a readable file", inner: e);
        }
    }

    /// <summary>The next row's values; null at the end. Empty lines are passed over.</summary>
    /// <exception cref="SmvlException">a quote that is never closed, or a row beyond all measure</exception>
    public string[]? ReadRow()
    {
        while (Peek() is '\n' or '\r')
        {
            at++;
        }

        if (Peek() < 0)
        {
            return null;
        }

        long start = Position;
        var values = new List<string>();
        while (true)
        {
            int length = 0;
            bool quoted = Peek() == '"';
            if (quoted)
            {
                at++;
            }

            while (true)
            {
                int next = Peek();
                if (next < 0 && quoted)
                {
                    throw new SmvlException("a quote is never closed", $"{path}, the row at byte {start}", hint: "the file is cut short, or no tab-separated file");
                }

                if (quoted && next == '"')
                {
                    at++;
                    quoted = Peek() == '"';
                    if (!quoted)
                    {
                        continue;
                    }
                }
                else if (next < 0 || (!quoted && next is '\t' or '\n' or '\r'))
                {
                    break;
                }

                at++;
                Store(ref length, (byte)next, start);
            }

            values.Add(Encoding.UTF8.GetString(value, 0, length));
            if (Peek() != '\t')
            {
                return [.. values];
            }

            at++;
        }
    }

    public void Dispose() => stream.Dispose();

    private void Store(ref int length, byte next, long start)
    {
        if (length == value.Length)
        {
            if (length >= LongestRow)
            {
                throw new SmvlException("a value is too long", $"{path}, the row at byte {start}", $"at most {LongestRow} bytes");
            }

            Array.Resize(ref value, 2 * length);
        }

        value[length++] = next;
    }

    /// <summary>The next byte; -1 at the end.</summary>
    private int Peek()
    {
        if (at == end)
        {
            before += end;
            at = 0;
            end = stream.Read(buffer);
        }

        return at < end ? buffer[at] : -1;
    }
}
