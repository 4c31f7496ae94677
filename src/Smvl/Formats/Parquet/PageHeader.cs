namespace Smvl.Formats.Parquet;

internal enum PageType
{
    Data = 0,
    Index = 1,
    Dictionary = 2,
    DataV2 = 3,
}

internal enum ValueEncoding
{
    Plain = 0,
    PlainDictionary = 2,
    Rle = 3,
    BitPacked = 4,
    DeltaBinaryPacked = 5,
    DeltaLengthByteArray = 6,
    DeltaByteArray = 7,
    RleDictionary = 8,
    ByteStreamSplit = 9,
}

/// <summary>
/// What stands before a page's body. <see cref="Entries"/> counts level pairs, nulls included; the fields from
/// <see cref="Rows"/> on are those of data pages v2 only. Source: parquet.thrift, PageHeader.
/// </summary>
internal sealed record PageHeader(
    PageType Type,
    int UncompressedSize,
    int CompressedSize,
    uint? Crc,
    int Entries,
    ValueEncoding Encoding,
    ValueEncoding DefinitionEncoding,
    ValueEncoding RepetitionEncoding,
    int Rows,
    int DefinitionBytes,
    int RepetitionBytes,
    bool IsCompressed)
{
    /// <summary>No writer puts more into one page (the usual limits are 1 MiB and 20,000 rows); a header that says so is taken for damage.</summary>
    public const int MaxEntries = 1 << 24;

    /// <summary>The most one page may take in memory. Writers aim at 1 MiB, but fill whole batches of large pictures.</summary>
    public const int MaxBytes = 1 << 30;

    /// <summary>Reads a header; <paramref name="length"/> is what it took of <paramref name="data"/>.</summary>
    /// <exception cref="InvalidDataException">damage, or the header goes on behind <paramref name="data"/></exception>
    public static PageHeader Read(ReadOnlySpan<byte> data, out int length)
    {
        var reader = new ThriftReader(data);
        var header = new PageHeader((PageType)(-1), -1, -1, null, -1, default, ValueEncoding.Rle, ValueEncoding.Rle, 0, 0, 0, true);
        bool hasBody = false;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    header = header with { Type = (PageType)reader.I32(type) };
                    break;
                case 2:
                    header = header with { UncompressedSize = reader.I32(type) };
                    break;
                case 3:
                    header = header with { CompressedSize = reader.I32(type) };
                    break;
                case 4:
                    header = header with { Crc = (uint)reader.I32(type) };
                    break;
                case 5 or 7 or 8:
                    reader.Struct(type);
                    header = ReadDetails(ref reader, header, isV2: id == 8);
                    hasBody = true;
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        length = reader.Position;
        header.Check(hasBody);
        return header;
    }

    // DataPageHeader (5) and DictionaryPageHeader (7) begin alike; DataPageHeaderV2 (8) is numbered differently.
    private static PageHeader ReadDetails(ref ThriftReader reader, PageHeader header, bool isV2)
    {
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (isV2 ? id + 10 : id)
            {
                case 1 or 11:
                    header = header with { Entries = reader.I32(type) };
                    break;
                case 2 or 14:
                    header = header with { Encoding = (ValueEncoding)reader.I32(type) };
                    break;
                case 3 when type is ThriftType.I32:
                    header = header with { DefinitionEncoding = (ValueEncoding)reader.I32(type) };
                    break;
                case 4:
                    header = header with { RepetitionEncoding = (ValueEncoding)reader.I32(type) };
                    break;
                case 13:
                    header = header with { Rows = reader.I32(type) };
                    break;
                case 15:
                    header = header with { DefinitionBytes = reader.I32(type) };
                    break;
                case 16:
                    header = header with { RepetitionBytes = reader.I32(type) };
                    break;
                case 17:
                    header = header with { IsCompressed = ThriftReader.Bool(type) };
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return header;
    }

    private void Check(bool hasBody)
    {
        if (Type is not (PageType.Data or PageType.Dictionary or PageType.DataV2 or PageType.Index) || UncompressedSize < 0 || CompressedSize < 0)
        {
            throw new InvalidDataException("page header is malformed");
        }

        if (UncompressedSize > MaxBytes)
        {
            throw new InvalidDataException($"page of {UncompressedSize} bytes is larger than {MaxBytes}: write the file with smaller pages");
        }

        if (Type != PageType.Index && (!hasBody || Entries < 0 || Entries > MaxEntries))
        {
            throw new InvalidDataException($"page header gives {Entries} entries, expected 0 to {MaxEntries}");
        }

        long levels = (long)DefinitionBytes + RepetitionBytes;
        if (Rows < 0 || DefinitionBytes < 0 || RepetitionBytes < 0 || levels > CompressedSize || levels > UncompressedSize)
        {
            throw new InvalidDataException("page header's level sizes do not fit into the page");
        }
    }
}
