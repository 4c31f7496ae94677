using System.Buffers.Binary;

namespace Smvl.Formats.Parquet;

/// <summary>
/// A decoded data page of a column below one list or none. An entry is one pair of levels: a list element, or the
/// one entry of a row whose list is empty or null, or that has no list. Rows start where the repetition level is 0; a page of version 1
/// may begin inside a row, its entries before <see cref="RowStart"/>(0) then belong to the row before.
/// </summary>
internal sealed class DataPage
{
    private readonly byte[] definitions; // (entries)
    private readonly int[] rowStarts;    // (rows) entry at which a row starts
    private readonly int[] rowValues;    // (rows) values before that entry: nulls take none
    private readonly ByteArrays? values;
    private readonly int[] indices;      // (values) into the chunk's dictionary, if `values` is null

    private DataPage(byte[] definitions, int[] rowStarts, int[] rowValues, ByteArrays? values, int[] indices)
    {
        this.definitions = definitions;
        this.rowStarts = rowStarts;
        this.rowValues = rowValues;
        this.values = values;
        this.indices = indices;
    }

    public int EntryCount => definitions.Length;

    public int RowCount => rowStarts.Length;

    public bool UsesDictionary => values is null;

    /// <summary>What this holds in memory.</summary>
    public long Bytes => definitions.Length + (8L * rowStarts.Length) + (4L * indices.Length) + (values?.Bytes ?? 0);

    public int RowStart(int row) => row < rowStarts.Length ? rowStarts[row] : definitions.Length;

    public int RowValue(int row) => rowValues[row];

    public int Definition(int entry) => definitions[entry];

    public ReadOnlyMemory<byte> Value(int index, ByteArrays? dictionary)
    {
        if (values is not null)
        {
            return values[index];
        }

        if (dictionary is null || indices[index] >= dictionary.Count)
        {
            throw new InvalidDataException(
                dictionary is null ? "values refer to a dictionary, and there is none" : $"dictionary index {indices[index]} is not below {dictionary.Count}");
        }

        return dictionary[indices[index]];
    }

    /// <summary>Rows that start in a page of version 1 and whether its first entry continues the row before, from its levels alone.</summary>
    public static (int Rows, bool Continues) CountRows(PageHeader header, ArraySegment<byte> body, Codec codec)
    {
        // enough for any page of a usual writer; the levels' length, at their start, says whether it was
        int prefix = 4096;
        ReadOnlyMemory<byte> start = PageCodec.Decompress(codec, body, header.UncompressedSize, prefix);
        if (start.Length == prefix && BinaryPrimitives.ReadUInt32LittleEndian(start.Span) is var length && length > prefix - 4)
        {
            start = PageCodec.Decompress(codec, body, header.UncompressedSize, (int)Math.Min(int.MaxValue, 4L + length));
        }

        CheckLevelEncoding(header);
        int rows = RleBitPacked.CountZeros(TakeLevels(ref start).Span, 1, header.Entries, out uint first);
        return (rows, first != 0);
    }

    public static DataPage Read(PageHeader header, ArraySegment<byte> body, Codec codec, SchemaNode leaf)
    {
        int maxDefinition = leaf.MaxDefinition;
        Sections sections = Split(header, body, codec, leaf);
        var repetitions = new byte[header.Entries];
        if (leaf.MaxRepetition > 0)
        {
            RleBitPacked.Read(sections.Repetitions.Span, 1, 1, repetitions.AsSpan());
        }

        var definitions = new byte[header.Entries];
        if (maxDefinition > 0)
        {
            RleBitPacked.Read(sections.Definitions.Span, RleBitPacked.Width(maxDefinition), (uint)maxDefinition, definitions.AsSpan());
        }

        int rows = repetitions.AsSpan().Count((byte)0);
        var rowStarts = new int[rows];
        var rowValues = new int[rows];
        int row = 0;
        int valueCount = 0;
        for (int entry = 0; entry < definitions.Length; entry++)
        {
            if (repetitions[entry] == 0)
            {
                rowStarts[row] = entry;
                rowValues[row++] = valueCount;
            }

            valueCount += definitions[entry] == maxDefinition ? 1 : 0;
        }

        if (header.Encoding is ValueEncoding.PlainDictionary or ValueEncoding.RleDictionary)
        {
            return new(definitions, rowStarts, rowValues, null, ReadIndices(sections.Values.Span, valueCount));
        }

        return new(definitions, rowStarts, rowValues, ReadValues(leaf, header.Encoding, sections.Values, valueCount), []);
    }

    /// <summary>Plain or delta values of a leaf's type.</summary>
    /// <exception cref="InvalidDataException">damaged values, or a type that is not read</exception>
    public static ByteArrays ReadValues(SchemaNode leaf, ValueEncoding encoding, ReadOnlyMemory<byte> data, int count) => leaf.Element.Type switch
    {
        PhysicalType.ByteArray => ByteArrays.Read(encoding, data, count),
        PhysicalType.Int32 or PhysicalType.Float => ByteArrays.ReadFixed(encoding, data, count, 4),
        PhysicalType.Int64 or PhysicalType.Double => ByteArrays.ReadFixed(encoding, data, count, 8),
        var type => throw new InvalidDataException($"values of {type} are not read"),
    };

    private static int[] ReadIndices(ReadOnlySpan<byte> data, int count)
    {
        if (count == 0)
        {
            return [];
        }

        if (data.IsEmpty || data[0] > 32)
        {
            throw new InvalidDataException(data.IsEmpty ? "dictionary indices are missing" : $"dictionary indices of {data[0]} bits");
        }

        var indices = new int[count];
        RleBitPacked.Read(data[1..], data[0], int.MaxValue, indices.AsSpan());
        return indices;
    }

    /// <summary>
    /// Version 1 compresses levels and values together, each kind of level behind its length in 4 bytes; version 2 stores
    /// the levels plain, with lengths in the header.
    /// </summary>
    private static Sections Split(PageHeader header, ArraySegment<byte> body, Codec codec, SchemaNode leaf)
    {
        if (header.Type == PageType.DataV2)
        {
            int levels = header.RepetitionBytes + header.DefinitionBytes;
            byte[] values = PageCodec.Decompress(
                header.IsCompressed ? codec : Codec.Uncompressed, body[levels..], header.UncompressedSize - levels);
            return new(body[..header.RepetitionBytes], body[header.RepetitionBytes..levels], values);
        }

        CheckLevelEncoding(header);
        ReadOnlyMemory<byte> rest = PageCodec.Decompress(codec, body, header.UncompressedSize);
        ReadOnlyMemory<byte> repetitions = leaf.MaxRepetition > 0 ? TakeLevels(ref rest) : default;
        ReadOnlyMemory<byte> definitions = leaf.MaxDefinition > 0 ? TakeLevels(ref rest) : default;
        return new(repetitions, definitions, rest);
    }

    private static void CheckLevelEncoding(PageHeader header)
    {
        if (header.RepetitionEncoding != ValueEncoding.Rle || header.DefinitionEncoding != ValueEncoding.Rle)
        {
            throw new InvalidDataException($"levels are encoded as {header.RepetitionEncoding} and {header.DefinitionEncoding}, only RLE is supported");
        }
    }

    private static ReadOnlyMemory<byte> TakeLevels(ref ReadOnlyMemory<byte> rest)
    {
        if (rest.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(rest.Span) is var length && length > (uint)(rest.Length - 4))
        {
            throw new InvalidDataException("levels do not fit into their page");
        }

        ReadOnlyMemory<byte> levels = rest.Slice(4, (int)length);
        rest = rest[(4 + (int)length)..];
        return levels;
    }

    private readonly record struct Sections(ReadOnlyMemory<byte> Repetitions, ReadOnlyMemory<byte> Definitions, ReadOnlyMemory<byte> Values);
}
