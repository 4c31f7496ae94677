using System.Text;
using Smvl.Formats.Parquet;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// One parquet file in the_cauldron's schema: <c>images: list&lt;struct&lt;bytes, path&gt;&gt;</c> and
/// <c>texts: list&lt;struct&lt;user, assistant, source&gt;&gt;</c>; <c>path</c> and <c>source</c> may be missing, other columns are ignored.
/// Rows are counted from 0. Any thread may read.
/// </summary>
internal sealed class CauldronFile : IRowFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ParquetFile file;

    private CauldronFile(ParquetFile file) => this.file = file;

    public string Path => file.Path;

    public long RowCount => file.RowCount;

    public static CauldronFile Open(string path, PageCache cache) => new(ParquetFile.Open(path, cache, root =>
    [
        StructList.Find(root, "images", required: ["bytes"], optional: ["path"]),
        StructList.Find(root, "texts", required: ["user", "assistant"], optional: ["source"]),
    ]));

    public int? RowGroupOf(long row) => file.Locate(row).RowGroup;

    /// <exception cref="SmvlException">the row cannot be read; names file, row group and row</exception>
    public CauldronRow ReadRow(long row)
    {
        ReadOnlyMemory<byte>?[]?[]?[] lists = file.ReadRow(row);
        return new(lists[0]?.Select(f => f is null ? null : new CauldronImage(f[0]?.ToArray(), Text(row, f[1]))).ToArray(), Turns(row, lists[1]));
    }

    /// <summary>The first pictures, and the first turns; an empty list of pictures makes a text-only sample.</summary>
    /// <exception cref="SmvlException">the row cannot be read, or lacks one of them; names file, row group and row</exception>
    public CauldronSample ReadSample(long row, int turns = 1, int pictures = 1)
    {
        ReadOnlyMemory<byte>?[]?[]?[] lists = file.ReadRow(row);
        ReadOnlyMemory<byte>?[]?[] images = lists[0] ?? throw BadRow(row, "the row has no picture: its list is null, and that of a text-only row is empty");
        string? path = images is [[_, var name], ..] ? Text(row, name) : null;
        int shown = Math.Min(pictures, images.Length);
        for (int i = 0; i < shown; i++)
        {
            if (images[i]?[0] is not { IsEmpty: false })
            {
                string? called = images[i] is [_, var its] ? Text(row, its) : null, which = i == 0 ? "first picture" : $"picture {i + 1}";
                throw BadRow(row, called is null ? $"the row's {which} is null" : $"the row's {which}, {called}, has no bytes in the file");
            }
        }

        CauldronTurn?[] all = Turns(row, lists[1]) is [_, ..] some ? some : throw BadRow(row, "the row has no text");
        QuestionAnswer[] taken = [.. all.Take(turns).Select((turn, number) => Whole(row, turn, number))];
        NativeBytes[] files = [.. images.Take(shown).Select(image => NativeBytes.Of(image![0]!.Value.Span))];
        return new CauldronSample(files.FirstOrDefault(), path, taken)
        {
            MorePictures = [.. files.Skip(1)],
            PicturesLeft = images.Length - shown,
            TurnsLeft = all.Length - taken.Length,
        };
    }

    public void Dispose() => file.Dispose();

    private SmvlException BadRow(long row, string what, Exception? inner = null) => file.BadRow(row, what, inner);

    private QuestionAnswer Whole(long row, CauldronTurn? turn, int number) => turn is { User: string question, Assistant: string answer }
        ? new(question, answer)
        : throw BadRow(row, $"the row's {(turn is null ? "turn" : turn.User is null ? "question" : "answer")} {number + 1} is null");

    private CauldronTurn?[]? Turns(long row, ReadOnlyMemory<byte>?[]?[]? list) =>
        list?.Select(f => f is null ? null : new CauldronTurn(Text(row, f[0]), Text(row, f[1]), Text(row, f[2]))).ToArray();

    private string? Text(long row, ReadOnlyMemory<byte>? bytes)
    {
        try
        {
            return bytes is null ? null : Utf8.GetString(bytes.Value.Span);
        }
        catch (DecoderFallbackException e)
        {
            throw BadRow(row, "a text is not UTF-8", e);
        }
    }
}
