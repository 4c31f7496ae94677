using System.Text;
using Smvl.Formats.Parquet;

namespace Smvl.Data;

/// <summary>Opens a dataset's files; their form is told from their first bytes, never from their names.</summary>
/// <param name="imageFolder">where the pictures that JSON rows name are looked for first; null: beside the JSON file alone</param>
/// <param name="indexes">keeps what reading through a large JSON file found</param>
internal sealed class RowFiles(string? imageFolder, RowIndexCache indexes)
{
    private const int Looked = 4096;

    private readonly PageCache pages = new();

    /// <param name="path">a parquet file in the_cauldron's schema, or rows of conversations as a JSON array or as JSON lines</param>
    /// <param name="notes">gets lines for the user</param>
    /// <exception cref="SmvlException">no such file, or none of these; names what it begins with</exception>
    public IRowFile Open(string path, List<string> notes)
    {
        ReadOnlySpan<byte> start = Start(path);
        if (start.StartsWith("PAR1"u8))
        {
            return CauldronFile.Open(path, pages);
        }

        ReadOnlySpan<byte> text = start.StartsWith(JsonRowScanner.ByteOrderMark) ? start[JsonRowScanner.ByteOrderMark.Length..] : start;
        text = text.TrimStart(" \t\r\n"u8);
        return text is [(byte)'[' or (byte)'{', ..]
            ? JsonRowFile.Open(path, new PictureFiles(path, imageFolder), indexes, notes)
            : throw new SmvlException(
                "the file's form is not known", path, "a parquet file, which begins with PAR1, a JSON array, with [, or JSON lines, with {",
                text.IsEmpty ? "no text" : $"{Shown(text[..Math.Min(16, text.Length)])} at its start", "docs/datasets.md shows what is read");
    }

    private static byte[] Start(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] start = new byte[Looked];
            return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"cannot open: {e.Message}", path, "a readable file", inner: e);
        }
    }

    private static string Shown(ReadOnlySpan<byte> text) =>
        text.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? $"bytes {Convert.ToHexString(text)}" : $"'{Encoding.ASCII.GetString(text)}'";
}
