namespace Smvl.Formats.Parquet;

internal enum PhysicalType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Int96 = 3,
    Float = 4,
    Double = 5,
    ByteArray = 6,
    FixedLengthByteArray = 7,
}

internal enum Repetition
{
    Required = 0,
    Optional = 1,
    Repeated = 2,
}

internal enum Codec
{
    Uncompressed = 0,
    Snappy = 1,
    Gzip = 2,
    Lzo = 3,
    Brotli = 4,
    Lz4 = 5,
    Zstd = 6,
    Lz4Raw = 7,
}

/// <summary>One node of the schema's depth-first list; <see cref="Type"/> is null for groups.</summary>
internal sealed record SchemaElement(string Name, PhysicalType? Type, Repetition Repetition, int ChildCount);

/// <summary>Where one column of one row group lies. Offsets are bytes from the start of the file; 0 where a file gives none.</summary>
internal sealed record ColumnChunk(
    PhysicalType Type,
    string Path,
    Codec Codec,
    long ValueCount,
    long CompressedSize,
    long DataPageOffset,
    long DictionaryPageOffset,
    long OffsetIndexOffset,
    int OffsetIndexLength)
{
    /// <summary>The first page, be it a dictionary or a data page.</summary>
    public long Start => DictionaryPageOffset > 0 && DictionaryPageOffset < DataPageOffset ? DictionaryPageOffset : DataPageOffset;

    public long End => Start + CompressedSize;
}

internal sealed record RowGroup(long RowCount, ColumnChunk[] Columns);

/// <summary>
/// A parquet file's footer, as far as reading needs it; statistics, sort orders and key/value pairs are passed over.
/// Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (field numbers below are its).
/// </summary>
internal sealed record FileMetadata(SchemaElement[] Schema, long RowCount, RowGroup[] RowGroups)
{
    public static FileMetadata Read(ReadOnlySpan<byte> footer)
    {
        var reader = new ThriftReader(footer);
        SchemaElement[]? schema = null;
        RowGroup[]? groups = null;
        long? rows = null;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 2:
                    schema = new SchemaElement[reader.List(type, ThriftType.Struct)];
                    for (int i = 0; i < schema.Length; i++)
                    {
                        schema[i] = ReadSchemaElement(ref reader);
                    }

                    break;
                case 3:
                    rows = reader.I64(type);
                    break;
                case 4:
                    groups = new RowGroup[reader.List(type, ThriftType.Struct)];
                    for (int i = 0; i < groups.Length; i++)
                    {
                        groups[i] = ReadRowGroup(ref reader);
                    }

                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (schema is null || groups is null || rows is null)
        {
            throw new InvalidDataException("footer lacks its schema, row count or row groups");
        }

        long sum = 0;
        foreach (RowGroup group in groups)
        {
            // compared by subtraction: no sum of hostile numbers can overflow
            if (group.RowCount < 0 || group.RowCount > rows - sum)
            {
                throw new InvalidDataException($"row groups do not add up to the footer's {rows} rows");
            }

            sum += group.RowCount;
        }

        return sum == rows ? new(schema, sum, groups) : throw new InvalidDataException($"row groups hold {sum} rows, the footer says {rows}");
    }

    private static SchemaElement ReadSchemaElement(ref ThriftReader reader)
    {
        string? name = null;
        PhysicalType? physical = null;
        var repetition = Repetition.Required; // the root has none
        int children = 0;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    physical = (PhysicalType)reader.I32(type);
                    break;
                case 3:
                    repetition = (Repetition)reader.I32(type);
                    break;
                case 4:
                    name = reader.Text(type);
                    break;
                case 5:
                    children = reader.I32(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (name is null || repetition is < Repetition.Required or > Repetition.Repeated || children < 0)
        {
            throw new InvalidDataException("footer has a malformed schema element");
        }

        return new(name, children > 0 ? null : physical, repetition, children);
    }

    private static RowGroup ReadRowGroup(ref ThriftReader reader)
    {
        ColumnChunk[]? columns = null;
        long? rows = null;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    columns = new ColumnChunk[reader.List(type, ThriftType.Struct)];
                    for (int i = 0; i < columns.Length; i++)
                    {
                        columns[i] = ReadColumnChunk(ref reader);
                    }

                    break;
                case 3:
                    rows = reader.I64(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return columns is null || rows is null ? throw new InvalidDataException("footer has a malformed row group") : new(rows.Value, columns);
    }

    private static ColumnChunk ReadColumnChunk(ref ThriftReader reader)
    {
        ColumnChunk? chunk = null;
        long indexOffset = 0;
        int indexLength = 0;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    throw new InvalidDataException($"a column lies in another file, {reader.Text(type)}, which is not supported");
                case 3:
                    reader.Struct(type);
                    chunk = ReadColumnMetadata(ref reader);
                    break;
                case 4:
                    indexOffset = reader.I64(type);
                    break;
                case 5:
                    indexLength = reader.I32(type);
                    break;
                case 8 or 9:
                    throw new InvalidDataException("a column is encrypted, which is not supported");
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return chunk is null
            ? throw new InvalidDataException("footer has a column without metadata")
            : chunk with { OffsetIndexOffset = indexOffset, OffsetIndexLength = indexLength };
    }

    private static ColumnChunk ReadColumnMetadata(ref ThriftReader reader)
    {
        int? physical = null;
        int? codec = null;
        string? path = null;
        long? values = null;
        long? size = null;
        long? data = null;
        long dictionary = 0;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    physical = reader.I32(type);
                    break;
                case 3:
                    var parts = new string[reader.List(type, ThriftType.Binary)];
                    for (int i = 0; i < parts.Length; i++)
                    {
                        parts[i] = reader.Text(ThriftType.Binary);
                    }

                    path = string.Join('.', parts);
                    break;
                case 4:
                    codec = reader.I32(type);
                    break;
                case 5:
                    values = reader.I64(type);
                    break;
                case 7:
                    size = reader.I64(type);
                    break;
                case 9:
                    data = reader.I64(type);
                    break;
                case 11:
                    dictionary = reader.I64(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (physical is null || codec is null || path is null || values is null || size is null || data is null)
        {
            throw new InvalidDataException("footer has incomplete column metadata");
        }

        return new((PhysicalType)physical, path, (Codec)codec, values.Value, size.Value, data.Value, dictionary, 0, 0);
    }
}
