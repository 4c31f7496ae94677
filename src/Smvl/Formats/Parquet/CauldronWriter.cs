using System.Buffers.Binary;
using System.Text;
using Smvl.Data;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Writes rows in the_cauldron's schema as one parquet file: plain values, one page for each column of a row group, all but the
/// pictures compressed with snappy, and the features under the key <c>huggingface</c> as <c>datasets</c> writes them. Memory stays at one
/// row group. The file appears whole or not at all. Source of the numbers of fields: parquet.thrift.
/// </summary>
internal sealed class CauldronWriter
{
    /// <summary>As <c>datasets</c> writes tables with pictures.</summary>
    public const int DefaultRowsInGroup = 100;

    private const string Features =
        """{"info": {"features": {"images": {"feature": {"_type": "Image"}, "_type": "Sequence"}, "texts": [{"user": {"dtype": "string", "_type": "Value"}, "assistant": {"dtype": "string", "_type": "Value"}, "source": {"dtype": "string", "_type": "Value"}}]}}}""";

    private const int ConvertedUtf8 = 0, ConvertedList = 3;

    private static ReadOnlySpan<byte> Magic => "PAR1"u8;

    private readonly Stream stream;
    private readonly CauldronColumn[] columns =
    [
        new("images", "bytes", isText: false),
        new("images", "path", isText: true),
        new("texts", "user", isText: true),
        new("texts", "assistant", isText: true),
        new("texts", "source", isText: true),
    ];

    private readonly List<(int Rows, Chunk[] Columns)> groups = [];
    private int pending;

    private CauldronWriter(Stream stream) => this.stream = stream;

    /// <summary>Creates or replaces the file.</summary>
    /// <param name="path">its folder is there</param>
    /// <param name="rows">read once, in order; an empty list of pictures makes a row of text alone</param>
    /// <param name="rowsInGroup">at least 1</param>
    public static void Write(string path, IEnumerable<CauldronRow> rows, int rowsInGroup = DefaultRowsInGroup)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsInGroup, 1);
        AtomicFile.Write(path, stream =>
        {
            var writer = new CauldronWriter(stream);
            stream.Write(Magic);
            foreach (CauldronRow row in rows)
            {
                writer.Add(row);
                if (writer.pending == rowsInGroup)
                {
                    writer.WriteGroup();
                }
            }

            if (writer.pending > 0)
            {
                writer.WriteGroup();
            }

            writer.WriteFooter();
        });
    }

    private void Add(CauldronRow row)
    {
        AddList(columns.AsSpan(0, 2), row.Images, image => [image.Bytes, Utf8(image.Path)]);
        AddList(columns.AsSpan(2), row.Texts, turn => [Utf8(turn.User), Utf8(turn.Assistant), Utf8(turn.Source)]);
        pending++;
    }

    private static void AddList<T>(ReadOnlySpan<CauldronColumn> columns, IReadOnlyList<T?>? list, Func<T, byte[]?[]> fields)
        where T : class
    {
        if (list is null or [])
        {
            foreach (CauldronColumn column in columns)
            {
                column.AddEmpty(isNull: list is null);
            }

            return;
        }

        for (int i = 0; i < list.Count; i++)
        {
            byte[]?[]? values = list[i] is { } element ? fields(element) : null;
            for (int c = 0; c < columns.Length; c++)
            {
                if (values is null)
                {
                    columns[c].AddNullElement(isFirst: i == 0);
                }
                else
                {
                    columns[c].Add(isFirst: i == 0, values[c]);
                }
            }
        }
    }

    private static byte[]? Utf8(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private void WriteGroup()
    {
        var chunks = new Chunk[columns.Length];
        for (int c = 0; c < columns.Length; c++)
        {
            int entries = columns[c].Entries;
            (byte[] page, int uncompressed) = columns[c].TakePage();
            long offset = stream.Position;
            var header = new ThriftWriter();
            header.I32(1, (int)PageType.Data);
            header.I32(2, uncompressed);
            header.I32(3, page.Length);
            header.Struct(5);
            header.I32(1, entries);
            header.I32(2, (int)ValueEncoding.Plain);
            header.I32(3, (int)ValueEncoding.Rle);
            header.I32(4, (int)ValueEncoding.Rle);
            header.End();
            header.End();
            stream.Write(header.Written);
            stream.Write(page);
            chunks[c] = new(offset, stream.Position - offset, header.Written.Length + (long)uncompressed, entries);
        }

        groups.Add((pending, chunks));
        pending = 0;
    }

    private void WriteFooter()
    {
        var footer = new ThriftWriter();
        footer.I32(1, 2); // the format's version
        WriteSchema(footer);
        footer.I64(3, groups.Sum(group => (long)group.Rows));
        footer.List(4, ThriftType.Struct, groups.Count);
        foreach ((int rows, Chunk[] chunks) in groups)
        {
            WriteRowGroup(footer, rows, chunks);
        }

        footer.List(5, ThriftType.Struct, 1);
        footer.StructElement();
        footer.Text(1, "huggingface");
        footer.Text(2, Features);
        footer.End();
        footer.Text(6, "smvl");
        footer.End();
        stream.Write(footer.Written);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Written.Length);
        stream.Write(length);
        stream.Write(Magic);
    }

    /// <summary>Depth first: the root, and for each list itself, its repeated group, the struct and the struct's fields.</summary>
    private void WriteSchema(ThriftWriter footer)
    {
        IGrouping<string, CauldronColumn>[] lists = [.. columns.GroupBy(column => column.Path[0])];
        footer.List(2, ThriftType.Struct, 1 + (3 * lists.Length) + columns.Length);
        Element(name: "schema", repetition: null, children: lists.Length);
        foreach (IGrouping<string, CauldronColumn> list in lists)
        {
            Element(name: list.Key, Repetition.Optional, children: 1, converted: ConvertedList);
            Element(name: "list", Repetition.Repeated, children: 1);
            Element(name: "element", Repetition.Optional, children: list.Count());
            foreach (CauldronColumn column in list)
            {
                Element(column.Field, Repetition.Optional, children: 0, column.IsText ? ConvertedUtf8 : null);
            }
        }

        void Element(string name, Repetition? repetition, int children, int? converted = null)
        {
            footer.StructElement();
            if (children == 0)
            {
                footer.I32(1, (int)PhysicalType.ByteArray);
            }

            if (repetition is { } how)
            {
                footer.I32(3, (int)how);
            }

            footer.Text(4, name);
            if (children > 0)
            {
                footer.I32(5, children);
            }

            if (converted is { } type)
            {
                footer.I32(6, type);
            }

            footer.End();
        }
    }

    private void WriteRowGroup(ThriftWriter footer, int rows, Chunk[] chunks)
    {
        footer.StructElement();
        footer.List(1, ThriftType.Struct, chunks.Length);
        for (int c = 0; c < chunks.Length; c++)
        {
            (long offset, long bytes, long uncompressed, int entries) = chunks[c];
            footer.StructElement();
            footer.I64(2, offset);
            footer.Struct(3);
            footer.I32(1, (int)PhysicalType.ByteArray);
            footer.List(2, ThriftType.I32, 2);
            footer.I32Element((int)ValueEncoding.Plain);
            footer.I32Element((int)ValueEncoding.Rle);
            footer.List(3, ThriftType.Binary, columns[c].Path.Length);
            Array.ForEach(columns[c].Path, footer.TextElement);
            footer.I32(4, (int)columns[c].Codec);
            footer.I64(5, entries);
            footer.I64(6, uncompressed);
            footer.I64(7, bytes);
            footer.I64(9, offset);
            footer.End();
            footer.End();
        }

        footer.I64(2, chunks.Sum(chunk => chunk.UncompressedBytes));
        footer.I64(3, rows);
        footer.End();
    }

    /// <summary>A column's part of a row group: where it begins in the file, its bytes with the page's header, and its entries.</summary>
    private readonly record struct Chunk(long Offset, long Bytes, long UncompressedBytes, int Entries);
}
