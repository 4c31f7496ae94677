namespace Smvl.Formats.Parquet;

/// <summary>One data page's place: its bytes in the file, the first row that starts in it (within its row group), and how many do.</summary>
internal readonly record struct PageLocation(long Offset, long FirstRow, int RowCount, bool ContinuesRow);

/// <summary>
/// Where the pages of one column chunk lie and which rows they hold; a few bytes per page, made when the chunk is first read
/// and kept. It comes from the file's offset index where there is one, else from the page headers; a header of version 1 does not
/// say how many rows start in its page, so those pages are read once, one at a time, to count them in the levels at their start.
/// </summary>
internal sealed record PageDirectory(PageLocation[] Pages, long? DictionaryOffset)
{
    /// <summary>The page in which a row of the row group starts.</summary>
    public int Find(long row)
    {
        int low = 0;
        int high = Pages.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Pages[middle].FirstRow <= row)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        // pages in which no row starts share their FirstRow with the next that has one
        return low < Pages.Length && row >= Pages[low].FirstRow && row - Pages[low].FirstRow < Pages[low].RowCount
            ? low
            : throw new InvalidDataException($"row {row} of its row group is in no page");
    }

    public static PageDirectory Make(PageSource source, ColumnChunk chunk, SchemaNode leaf, long rowCount) =>
        chunk.OffsetIndexOffset > 0 && chunk.OffsetIndexLength > 0
            ? FromOffsetIndex(source, chunk, rowCount)
            : FromHeaders(source, chunk, rowCount, isList: leaf.MaxRepetition > 0);

    private static PageDirectory FromHeaders(PageSource source, ColumnChunk chunk, long rowCount, bool isList)
    {
        var pages = new List<PageLocation>();
        long? dictionary = null;
        long offset = chunk.Start;
        long rows = 0;
        long entries = 0;
        while (entries < chunk.ValueCount)
        {
            PageHeader header = source.ReadHeader(chunk, offset, out int headerLength);
            switch (header.Type)
            {
                case PageType.Dictionary when offset == chunk.Start:
                    dictionary = offset;
                    break;
                case PageType.Data or PageType.DataV2:
                    // version 2 tells without the body; without a list, entries are rows
                    (int started, bool continues) = header.Type == PageType.DataV2 ? (header.Rows, false)
                        : !isList ? (header.Entries, false)
                        : source.UseBody(header, offset + headerLength, body => DataPage.CountRows(header, body, chunk.Codec));
                    if (started > rowCount - rows || (continues && rows == 0))
                    {
                        throw new InvalidDataException($"pages do not hold the {rowCount} rows of their row group");
                    }

                    pages.Add(new(offset, rows, started, continues));
                    rows += started;
                    entries += header.Entries;
                    break;
                case PageType.Index:
                    break;
                default:
                    throw new InvalidDataException("a dictionary page stands behind the first page");
            }

            offset += headerLength + (long)header.CompressedSize;
        }

        return entries == chunk.ValueCount && rows == rowCount
            ? new([.. pages], dictionary)
            : throw new InvalidDataException($"pages hold {rows} rows and {entries} entries, the footer says {rowCount} and {chunk.ValueCount}");
    }

    // parquet.thrift, OffsetIndex { 1: list<PageLocation { 1: offset, 2: compressed_page_size, 3: first_row_index }> }
    private static PageDirectory FromOffsetIndex(PageSource source, ColumnChunk chunk, long rowCount)
    {
        var reader = new ThriftReader(source.Read(chunk.OffsetIndexOffset, chunk.OffsetIndexLength).Span);
        var starts = new List<(long Offset, long FirstRow)>();
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            if (id != 1)
            {
                reader.Skip(type);
                continue;
            }

            int count = reader.List(type, ThriftType.Struct);
            for (int i = 0; i < count; i++)
            {
                starts.Add(ReadLocation(ref reader));
            }
        }

        var pages = new PageLocation[starts.Count];
        for (int i = 0; i < pages.Length; i++)
        {
            (long offset, long first) = starts[i];
            long next = i + 1 < pages.Length ? starts[i + 1].FirstRow : rowCount;
            if ((i == 0 && first != 0) || next < first || next - first > PageHeader.MaxEntries || offset < chunk.Start || offset >= chunk.End)
            {
                throw new InvalidDataException("offset index contradicts the footer");
            }

            // by the format's rule pages of an indexed column begin with a row
            pages[i] = new(offset, first, (int)(next - first), ContinuesRow: false);
        }

        return new(pages, pages.Length > 0 && chunk.Start < pages[0].Offset ? chunk.Start : null);
    }

    private static (long Offset, long FirstRow) ReadLocation(ref ThriftReader reader)
    {
        long offset = -1;
        long first = -1;
        int id = 0;
        while (reader.NextField(ref id, out ThriftType type))
        {
            switch (id)
            {
                case 1:
                    offset = reader.I64(type);
                    break;
                case 3:
                    first = reader.I64(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return (offset, first);
    }
}
