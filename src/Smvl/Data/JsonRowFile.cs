using System.Buffers;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// Conversations in one JSON file, an array or a row a line, of any size: opening finds where the rows begin, or takes that from
/// <see cref="RowIndexCache"/>; a row reads its own bytes and its pictures' files. Memory is 8 bytes a row and the rows being read.
/// Any thread may read.
/// </summary>
internal sealed class JsonRowFile : IRowFile
{
    /// <summary>Rows that opening may look at to learn whether the file holds conversations at all.</summary>
    private const int Tried = 16;

    private readonly SafeFileHandle handle;
    private readonly PictureFiles pictures;
    private readonly RowIndex index;

    private JsonRowFile(string path, SafeFileHandle handle, PictureFiles pictures, RowIndex index)
    {
        Path = path;
        this.handle = handle;
        this.pictures = pictures;
        this.index = index;
    }

    public string Path { get; }

    public long RowCount => index.Count;

    /// <param name="path">a file whose first character is <c>[</c> or <c>{</c></param>
    /// <param name="pictures">finds what its rows name</param>
    /// <param name="indexes">keeps where its rows begin</param>
    /// <param name="notes">gets lines for the user</param>
    /// <exception cref="SmvlException">the file cannot be read, or none of its first rows is a conversation</exception>
    public static JsonRowFile Open(string path, PictureFiles pictures, RowIndexCache indexes, List<string> notes)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
            JsonRowFile file = new(path, handle, pictures, indexes.Get(path, handle, notes));
            file.CheckForm();
            return file;
        }
        catch (Exception e)
        {
            handle?.Dispose();
            throw e is IOException or UnauthorizedAccessException ? new SmvlException($"cannot open: {e.Message}", path, "a readable file", inner: e) : e;
        }
    }

    public int? RowGroupOf(long row) => null;

    public CauldronRow ReadRow(long row)
    {
        ConversationRow conversation = Conversation(row);
        try
        {
            return new CauldronRow([.. conversation.Pictures.Select(Image)], [.. conversation.Turns.Select(turn => new CauldronTurn(turn.Question, turn.Answer, null))]);
        }
        catch (InvalidDataException e)
        {
            throw BadRow(row, e.Message, e);
        }

        CauldronImage Image(string reference)
        {
            using NativeBytes bytes = pictures.Read(reference);
            return new CauldronImage(bytes.Span.ToArray(), Named(reference));
        }
    }

    public CauldronSample ReadSample(long row, int turns = 1, int pictures = 1)
    {
        ConversationRow conversation = Conversation(row);
        QuestionAnswer[] taken = [.. conversation.Turns.Take(turns)];
        int standing = conversation.Turns.Any(turn => turn.PictureOffsets is not null) ? taken.Sum(turn => turn.PictureOffsets?.Count ?? 0) : conversation.Pictures.Count;
        var files = new List<IMemoryOwner<byte>>();
        try
        {
            files.AddRange(conversation.Pictures.Take(Math.Min(pictures, standing)).Select(this.pictures.Read));
        }
        catch (Exception e)
        {
            files.ForEach(file => file.Dispose());
            throw e is InvalidDataException ? BadRow(row, e.Message, e) : e;
        }

        return new CauldronSample(files.FirstOrDefault(), files.Count > 0 ? Named(conversation.Pictures[0]) : null, taken)
        {
            System = conversation.System,
            MorePictures = [.. files.Skip(1)],
            PicturesLeft = conversation.Pictures.Count - files.Count,
            TurnsLeft = conversation.Turns.Count - taken.Length,
        };
    }

    public void Dispose() => handle.Dispose();

    /// <summary>A picture's name; none where the row itself holds it.</summary>
    private static string? Named(string reference) => reference.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? null : reference;

    // a few bad rows are the business of skip_bad_rows; a file of another form is told before the run begins
    private void CheckForm()
    {
        SmvlException? first = null;
        for (int row = 0; row < Math.Min(RowCount, Tried); row++)
        {
            try
            {
                Conversation(row);
                return;
            }
            catch (SmvlException e)
            {
                first ??= e;
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }

    private ConversationRow Conversation(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, RowCount);
        try
        {
            var reader = new Utf8JsonReader(Bytes(index.Starts[row], index.Starts[row + 1]));
            using JsonDocument parsed = JsonDocument.ParseValue(ref reader);
            if (index.Form == JsonRowForm.Lines && reader.Read())
            {
                throw new InvalidDataException("the line goes on behind its JSON object");
            }

            return ConversationRow.Read(parsed.RootElement);
        }
        catch (JsonException e)
        {
            throw BadRow(row, $"the row is no whole JSON object: {e.Message}", e);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or InvalidOperationException)
        {
            throw BadRow(row, e is InvalidOperationException ? "a text is not UTF-8" : e.Message, e);
        }
    }

    private byte[] Bytes(long from, long to)
    {
        if (to - from > Array.MaxLength)
        {
            throw new InvalidDataException($"the row has {to - from} bytes");
        }

        byte[] bytes = new byte[to - from];
        for (int at = 0, read; at < bytes.Length; at += read)
        {
            read = RandomAccess.Read(handle, bytes.AsSpan(at), from + at);
            if (read == 0)
            {
                throw new InvalidDataException("the file became shorter after it was opened");
            }
        }

        return bytes;
    }

    private SmvlException BadRow(long row, string what, Exception inner) =>
        new(what, $"{Path}, row {row}", hint: "mend the row or set skip_bad_rows: true", inner: inner);
}
