using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Columns of strings, bytes or numbers of one parquet file, each below one list or none, any row at a time. Opening reads the footer only; a row
/// reads the pages it lies in, which a <see cref="PageCache"/> shared by all files keeps within bounds. Other columns are ignored.
/// Not a general reader: no other column types, no lists of lists, no writing, no statistics.
/// Reads data pages of version 1 and 2; plain and dictionary values, delta byte arrays; uncompressed, snappy, gzip and zstd.
/// Any thread may read. Whatever is wrong with a file is a <see cref="SmvlException"/> that names file, row group and row
/// (counted from 0, the row from the file's start).
/// Source: https://github.com/apache/parquet-format
/// </summary>
internal sealed class ParquetFile : IDisposable
{
    private const int MaxFooter = 1 << 28;

    private readonly SafeFileHandle handle;
    private readonly PageSource source;
    private readonly PageCache cache;
    private readonly FileMetadata metadata;
    private readonly StructList[] lists;
    private readonly long[] firstRows;           // (row groups) number of the group's first row
    private readonly ColumnReader?[][][] readers; // (row groups, lists, fields)

    private ParquetFile(string path, SafeFileHandle handle, PageSource source, PageCache cache, FileMetadata metadata, StructList[] lists)
    {
        Path = path;
        this.handle = handle;
        this.source = source;
        this.cache = cache;
        this.metadata = metadata;
        this.lists = lists;
        firstRows = new long[metadata.RowGroups.Length];
        readers = new ColumnReader?[firstRows.Length][][];
        long row = 0;
        for (int g = 0; g < firstRows.Length; g++)
        {
            RowGroup group = metadata.RowGroups[g];
            firstRows[g] = row;
            row += group.RowCount;
            readers[g] = [.. lists.Select(list => list.Fields.Select(field => field is null
                ? null
                : new ColumnReader(source, cache, group.Columns[field.LeafIndex], field, group.RowCount)).ToArray())];
        }
    }

    public string Path { get; }

    public long RowCount => metadata.RowCount;

    public int RowGroupCount => firstRows.Length;

    /// <summary>The columns that are read, in the order <c>find</c> gave them.</summary>
    public IReadOnlyList<StructList> Columns => lists;

    /// <param name="path">the file</param>
    /// <param name="cache">where decoded pages are kept</param>
    /// <param name="find">finds the wanted lists in the schema</param>
    /// <exception cref="SmvlException">
    /// no such file, no parquet file, damage, an unsupported codec, or a schema that <paramref name="find"/> refuses
    /// </exception>
    public static ParquetFile Open(string path, PageCache cache, Func<SchemaNode, StructList[]> find)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
            long length = RandomAccess.GetLength(handle);
            var source = new PageSource(handle, length);
            FileMetadata metadata = ReadFooter(source, length);
            StructList[] lists = find(SchemaNode.Build(metadata.Schema, out int leafCount));
            Check(metadata, lists, leafCount, length);
            return new(path, handle, source, cache, metadata, lists);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            throw e switch
            {
                InvalidDataException => new SmvlException(e.Message, path, hint: "mend or fetch the file again, or leave it out", inner: e),
                IOException or UnauthorizedAccessException => new SmvlException($"cannot open: {e.Message}", path, "a readable parquet file", inner: e),
                _ => e,
            };
        }
    }

    /// <summary>The row group of a row, and the row's number within it.</summary>
    public (int RowGroup, long Row) Locate(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, RowCount);
        int found = Array.BinarySearch(firstRows, row);
        int group = found >= 0 ? found : ~found - 1;
        while (metadata.RowGroups[group].RowCount == 0 || row - firstRows[group] >= metadata.RowGroups[group].RowCount)
        {
            group++; // empty groups share their first row with the next
        }

        return (group, row - firstRows[group]);
    }

    /// <summary>
    /// Reads one row of every list, in the order <c>find</c> gave them: null for a null list; in it null for a null struct, else its
    /// fields, null where they are. The bytes are slices of cached pages.
    /// </summary>
    /// <exception cref="SmvlException">the row cannot be read; names file, row group, row and column</exception>
    public ReadOnlyMemory<byte>?[]?[]?[] ReadRow(long row)
    {
        (int group, long inGroup) = Locate(row);
        try
        {
            return [.. lists.Select((list, l) => list.Assemble([.. readers[group][l].Select(reader => reader?.ReadRow(inGroup))]))];
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw BadRow(row, e.Message, e);
        }
    }

    /// <summary>The error for a row that is damaged or useless, with its place.</summary>
    public SmvlException BadRow(long row, string what, Exception? inner = null) =>
        new(what, $"{Path}, row group {Locate(row).RowGroup}, row {row}", hint: "mend the row or set skip_bad_rows: true", inner: inner);

    public void Dispose()
    {
        cache.Remove(source);
        handle.Dispose();
    }

    // A file: PAR1, pages, footer, the footer's length in 4 bytes, PAR1.
    private static FileMetadata ReadFooter(PageSource source, long length)
    {
        if (length < 12)
        {
            throw new InvalidDataException($"no parquet file: {length} bytes");
        }

        ReadOnlySpan<byte> tail = source.Read(length - 8, 8).Span;
        if (tail[4..].SequenceEqual("PARE"u8))
        {
            throw new InvalidDataException("the file is encrypted, which is not supported");
        }

        if (!tail[4..].SequenceEqual("PAR1"u8) || !source.Read(0, 4).Span.SequenceEqual("PAR1"u8))
        {
            throw new InvalidDataException("no parquet file, or cut short: it must begin and end with PAR1");
        }

        uint footer = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (footer > Math.Min(length - 12, MaxFooter))
        {
            throw new InvalidDataException($"footer of {footer} bytes in a file of {length}");
        }

        return FileMetadata.Read(source.Read(length - 8 - footer, (int)footer).Span);
    }

    private static void Check(FileMetadata metadata, StructList[] lists, int leafCount, long length)
    {
        for (int g = 0; g < metadata.RowGroups.Length; g++)
        {
            ColumnChunk[] columns = metadata.RowGroups[g].Columns;
            if (columns.Length != leafCount)
            {
                throw new InvalidDataException($"row group {g} has {columns.Length} columns, the schema {leafCount}");
            }

            foreach (SchemaNode? leaf in lists.SelectMany(list => list.Fields))
            {
                if (leaf is null)
                {
                    continue;
                }

                ColumnChunk chunk = columns[leaf.LeafIndex];
                if (chunk.Path != leaf.Path || chunk.Type != leaf.Element.Type)
                {
                    throw new InvalidDataException($"row group {g} has column {chunk.Path} of {chunk.Type} where the schema has {leaf.Path} of {leaf.Element.Type}");
                }

                PageCodec.CheckSupported(chunk.Codec);
                if (chunk.Start < 4 || chunk.CompressedSize < 0 || chunk.CompressedSize > length - chunk.Start || chunk.ValueCount < metadata.RowGroups[g].RowCount)
                {
                    throw new InvalidDataException($"row group {g}, column {leaf.Path} does not fit into the file: {chunk.CompressedSize} bytes at {chunk.Start} of {length}");
                }
            }
        }
    }
}
