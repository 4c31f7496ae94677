namespace Smvl.Formats.Parquet;

/// <summary>One entry of a row: its definition level, and its value if that level is the column's greatest.</summary>
internal readonly record struct ColumnEntry(int Definition, ReadOnlyMemory<byte> Value);

/// <summary>
/// Random access to the rows of one column of one row group, below one list or none. Values are slices of cached
/// pages: they stay valid, but hold their whole page in memory, so take copies of what is kept.
/// </summary>
internal sealed class ColumnReader(PageSource source, PageCache cache, ColumnChunk chunk, SchemaNode leaf, long rowCount)
{
    /// <summary>More list elements in one row are taken for damage.</summary>
    private const int MaxRowEntries = 1 << 20;

    private readonly Lock gate = new();
    private PageDirectory? directory;

    public List<ColumnEntry> ReadRow(long row)
    {
        try
        {
            PageDirectory pages = Directory();
            var entries = new List<ColumnEntry>();
            int number = pages.Find(row);
            DataPage page = Page(pages.Pages[number]);
            int inPage = (int)(row - pages.Pages[number].FirstRow);
            Append(page, page.RowStart(inPage), page.RowStart(inPage + 1), page.RowValue(inPage), pages.DictionaryOffset, entries);

            // the last row of a page may go on in the next ones
            bool goesOn = inPage == page.RowCount - 1;
            while (goesOn && ++number < pages.Pages.Length && pages.Pages[number].ContinuesRow)
            {
                page = Page(pages.Pages[number]);
                Append(page, 0, page.RowStart(0), 0, pages.DictionaryOffset, entries);
                goesOn = page.RowCount == 0;
            }

            return entries;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"column {chunk.Path}: {e.Message}", e);
        }
    }

    private PageDirectory Directory()
    {
        lock (gate)
        {
            return directory ??= PageDirectory.Make(source, chunk, leaf, rowCount);
        }
    }

    private void Append(DataPage page, int start, int end, int value, long? dictionaryOffset, List<ColumnEntry> entries)
    {
        if (entries.Count + (long)(end - start) > MaxRowEntries)
        {
            throw new InvalidDataException($"row has more than {MaxRowEntries} list elements");
        }

        for (int entry = start; entry < end; entry++)
        {
            int definition = page.Definition(entry);
            ReadOnlyMemory<byte> bytes = default;
            if (definition == leaf.MaxDefinition)
            {
                ByteArrays? dictionary = page.UsesDictionary && dictionaryOffset is long offset ? Dictionary(offset) : null;
                bytes = page.Value(value++, dictionary);
            }

            entries.Add(new(definition, bytes));
        }
    }

    private DataPage Page(PageLocation location)
    {
        DataPage page = cache.GetOrAdd(source, location.Offset, () => DecodePage(location.Offset), p => p.Bytes);
        bool continues = page.EntryCount > 0 && page.RowStart(0) > 0;
        return page.RowCount == location.RowCount && continues == location.ContinuesRow
            ? page
            : throw new InvalidDataException($"page at {location.Offset} holds {page.RowCount} rows where {location.RowCount} were announced");
    }

    private DataPage DecodePage(long offset)
    {
        PageHeader header = source.ReadHeader(chunk, offset, out int headerLength);
        return header.Type is PageType.Data or PageType.DataV2
            ? source.UseBody(header, offset + headerLength, body => DataPage.Read(header, body, chunk.Codec, leaf))
            : throw new InvalidDataException($"page at {offset} is no data page");
    }

    private ByteArrays Dictionary(long offset) => cache.GetOrAdd(source, offset, () => DecodeDictionary(offset), d => d.Bytes);

    private ByteArrays DecodeDictionary(long offset)
    {
        PageHeader header = source.ReadHeader(chunk, offset, out int headerLength);
        if (header.Type != PageType.Dictionary || header.Encoding is not (ValueEncoding.Plain or ValueEncoding.PlainDictionary))
        {
            throw new InvalidDataException($"page at {offset} is no plain dictionary");
        }

        byte[] values = source.UseBody(header, offset + headerLength, body => PageCodec.Decompress(chunk.Codec, body, header.UncompressedSize));
        return DataPage.ReadValues(leaf, ValueEncoding.Plain, values, header.Entries);
    }
}
