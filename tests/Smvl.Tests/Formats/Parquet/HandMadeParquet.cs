using System.Buffers.Binary;
using System.Text;
using static Smvl.Tests.Formats.Parquet.ThriftWriter;

namespace Smvl.Tests.Formats.Parquet;

/// <summary>
/// Writes parquet files that no writer at hand makes: rows split between pages, two-level lists, headers that lie.
/// One row group in the_cauldron's columns, uncompressed plain pages of version 1.
/// </summary>
internal sealed class HandMadeParquet
{
    /// <summary>A page: repetition and definition levels, and the values that are not null.</summary>
    public sealed record Page(string Repetitions, string Definitions, params string[] Values)
    {
        /// <summary>Values that are no text, instead.</summary>
        public byte[][]? Bytes { get; init; }

        /// <summary>What the header says instead of the truth.</summary>
        public int? Entries { get; init; }

        public int? UncompressedSize { get; init; }

        public int? CompressedSize { get; init; }

        public int Encoding { get; init; }

        public int LevelEncoding { get; init; } = 3;

        public int Type { get; init; }
    }

    public enum ListKind
    {
        /// <summary>optional list / repeated list / optional element: levels 0 null, 1 empty, 2 null element, 3 null field, 4 value.</summary>
        ThreeLevels,

        /// <summary>optional list / repeated array: levels 0 null, 1 empty, 2 null field, 3 value.</summary>
        TwoLevels,

        /// <summary>a repeated group: levels 0 empty, 1 null field, 2 value.</summary>
        Repeated,
    }

    private static readonly string[][] Columns =
        [["images", "bytes"], ["images", "path"], ["texts", "user"], ["texts", "assistant"], ["texts", "source"]];

    public ListKind Kind { get; init; }

    public required long Rows { get; init; }

    public long? GroupRows { get; init; }

    public int Codec { get; init; }

    /// <summary>Pages by column: bytes, path, user, assistant, source. A column without has the pages of the first of its list.</summary>
    public required Page[][] Pages { get; init; }

    public long? ValueCount { get; init; }

    public long? DataPageOffset { get; init; }

    public string? ColumnFile { get; init; }

    public byte[] Write()
    {
        var file = new List<byte>(Encoding.ASCII.GetBytes("PAR1"));
        var chunks = new List<object>();
        for (int c = 0; c < Columns.Length; c++)
        {
            Page[] pages = c < Pages.Length ? Pages[c] : Pages[c < 2 ? 0 : Math.Min(2, Pages.Length - 1)];
            long start = file.Count;
            foreach (Page page in pages)
            {
                file.AddRange(WritePage(page));
            }

            string[] path = Kind switch
            {
                ListKind.ThreeLevels => [Columns[c][0], "list", "element", Columns[c][1]],
                ListKind.TwoLevels => [Columns[c][0], "array", Columns[c][1]],
                _ => Columns[c],
            };
            byte[] metadata = Struct(
                (1, 6), (2, new object[] { 0, 3 }), (3, path), (4, Codec), (5, ValueCount ?? pages.Sum(p => p.Repetitions.Length)),
                (6, file.Count - start), (7, file.Count - start), (9, DataPageOffset ?? start));
            chunks.Add(Struct((1, ColumnFile), (2, 0L), (3, metadata)));
        }

        var schema = new List<object> { Struct((4, "schema"), (5, 2)) };
        foreach (IGrouping<string, string[]> list in Columns.GroupBy(c => c[0]))
        {
            int fields = list.Count();
            schema.AddRange(Kind switch
            {
                ListKind.ThreeLevels => [Struct((3, 1), (4, list.Key), (5, 1)), Struct((3, 2), (4, "list"), (5, 1)), Struct((3, 1), (4, "element"), (5, fields))],
                ListKind.TwoLevels => [Struct((3, 1), (4, list.Key), (5, 1)), Struct((3, 2), (4, "array"), (5, fields))],
                _ => new object[] { Struct((3, 2), (4, list.Key), (5, fields)) },
            });
            schema.AddRange(list.Select(c => (object)Struct((1, 6), (3, 1), (4, c[1]))));
        }

        byte[] group = Struct((1, chunks.ToArray()), (2, (long)file.Count), (3, GroupRows ?? Rows));
        byte[] footer = Struct((1, 1), (2, schema.ToArray()), (3, Rows), (4, new object[] { group }));
        return [.. file, .. footer, .. Int(footer.Length), .. Encoding.ASCII.GetBytes("PAR1")];
    }

    private static byte[] WritePage(Page page)
    {
        byte[] repetitions = Levels(page.Repetitions);
        byte[] definitions = Levels(page.Definitions);
        IEnumerable<byte[]> values = page.Bytes ?? page.Values.Select(Encoding.UTF8.GetBytes);
        byte[] body = [.. repetitions, .. definitions, .. values.SelectMany(v => (byte[])[.. Int(v.Length), .. v])];
        byte[] details = Struct((1, page.Entries ?? page.Repetitions.Length), (2, page.Encoding), (3, page.LevelEncoding), (4, page.LevelEncoding));
        return [.. Struct((1, page.Type), (2, page.UncompressedSize ?? body.Length), (3, page.CompressedSize ?? body.Length), (5, details)), .. body];
    }

    // Every level is a run of one: a byte of header, a byte of value.
    private static byte[] Levels(string levels)
    {
        byte[] runs = [.. levels.SelectMany(l => new[] { (byte)2, (byte)(l - '0') })];
        return [.. Int(runs.Length), .. runs];
    }

    private static byte[] Int(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
