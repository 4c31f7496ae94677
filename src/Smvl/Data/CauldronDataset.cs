using System.Text.Json;
using Smvl.Formats.Parquet;

namespace Smvl.Data;

/// <summary>
/// Where a row of a dataset comes from, counted from 0; <see cref="Row"/> is the row's number in its file, and <see cref="RowGroup"/> that of
/// a parquet file's group, null elsewhere.
/// </summary>
public sealed record RowLocation(string Subset, string File, int? RowGroup, long Row)
{
    /// <summary>File, row group and row, as errors name them.</summary>
    public override string ToString() => RowGroup is null ? $"{File}, row {Row}" : $"{File}, row group {RowGroup}, row {Row}";

    /// <summary>Its fields, into an object that has been begun.</summary>
    internal void WriteFields(Utf8JsonWriter json)
    {
        json.WriteString("dataset", Subset);
        json.WriteString("file", File);
        if (RowGroup is { } group)
        {
            json.WriteNumber("row_group", group);
        }

        json.WriteNumber("row", Row);
    }
}

/// <summary>The rows that one name of a dataset's list stands for.</summary>
/// <param name="Name">as given</param>
/// <param name="FirstRow">the number of its first row</param>
/// <param name="Count">rows, at least one</param>
public sealed record DatasetPart(string Name, int FirstRow, int Count);

/// <summary>
/// Rows in the_cauldron's schema from any number of files, numbered through in the order of names, files and rows: parquet files that have
/// it, or conversations in JSON that are brought into it. Opening reads parquet files' footers and finds where the rows of JSON files begin;
/// a row reads its own pages or bytes. Memory stays at <see cref="PageCache.DefaultCapacity"/> (or one larger page), 8 bytes a row of JSON, and
/// the rows being read, whatever the files' size. Any thread may read.
/// </summary>
public sealed class CauldronDataset : IDisposable
{
    private readonly List<(string Subset, IRowFile File, int FirstRow)> files;

    private CauldronDataset(List<(string Subset, IRowFile File, int FirstRow)> files, List<DatasetPart> parts, int count, List<string> notes)
    {
        this.files = files;
        Parts = parts;
        Count = count;
        Notes = notes;
    }

    /// <summary>Rows in all files.</summary>
    public int Count { get; }

    /// <summary>The rows of each name, in the names' order.</summary>
    public IReadOnlyList<DatasetPart> Parts { get; }

    /// <summary>Lines for the user: subsets left out, folders or files missing.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc cref="Open(string, IReadOnlyList{string}, string?, RowIndexCache)"/>
    public static CauldronDataset Open(string dataDir, params IReadOnlyList<string> names) => Open(dataDir, names, imageFolder: null, RowIndexCache.OfProcess());

    /// <param name="dataDir">the folder with one folder per subset</param>
    /// <param name="names">subsets in it, paths of folders or files, or <c>all</c></param>
    /// <param name="imageFolder">where pictures that JSON rows name are looked for before the JSON file's own folder; may be null</param>
    /// <param name="indexes">keeps where the rows of large JSON files begin</param>
    /// <exception cref="SmvlException">nothing named, an unknown or empty dataset, or a file of another form</exception>
    internal static CauldronDataset Open(string dataDir, IReadOnlyList<string> names, string? imageFolder, RowIndexCache indexes)
    {
        if (names.Count == 0)
        {
            throw new SmvlException("no dataset is named", "train_data", "a dataset's name, a path, or all");
        }

        var notes = new List<string>();
        var files = new List<(string Subset, IRowFile File, int FirstRow)>();
        var parts = new List<DatasetPart>();
        try
        {
            var opener = new RowFiles(imageFolder, indexes);
            long count = 0;
            foreach (CauldronSubset subset in CauldronSubsets.Resolve(dataDir, names, notes))
            {
                long before = count;
                foreach (string path in subset.Files)
                {
                    IRowFile file = opener.Open(path, notes);
                    files.Add((subset.Name, file, (int)count));
                    count += file.RowCount;
                    if (count > int.MaxValue)
                    {
                        throw new SmvlException("too many rows", path, $"at most {int.MaxValue} in all", $"{count} up to this file");
                    }
                }

                if (count == before)
                {
                    throw new SmvlException($"dataset {subset.Name} is empty", Path.GetDirectoryName(subset.Files[0]), "at least one row", "none");
                }

                if (parts is [.., var last] && last.Name == subset.NamedAs)
                {
                    parts[^1] = last with { Count = (int)count - last.FirstRow };   // another subset of all
                }
                else
                {
                    parts.Add(new DatasetPart(subset.NamedAs, (int)before, (int)(count - before)));
                }
            }

            return new(files, parts, (int)count, notes);
        }
        catch
        {
            files.ForEach(f => f.File.Dispose());
            throw;
        }
    }

    public RowLocation Locate(int index)
    {
        (string subset, IRowFile file, long row) = Find(index);
        return new(subset, file.Path, file.RowGroupOf(row), row);
    }

    /// <summary>The whole row, nulls as they are.</summary>
    /// <exception cref="SmvlException">the row cannot be read; names file, row group and row</exception>
    public CauldronRow ReadRow(int index)
    {
        (_, IRowFile file, long row) = Find(index);
        return file.ReadRow(row);
    }

    /// <summary>The row's first pictures, if it has any, and its first turns: one of each, as the original scripts take it, or more.</summary>
    /// <exception cref="SmvlException">
    /// the row cannot be read, or lacks one of them; names file, row group and row. A caller with <c>skip_bad_rows</c> counts it.
    /// </exception>
    public CauldronSample ReadSample(int index, int turns = 1, int pictures = 1)
    {
        (_, IRowFile file, long row) = Find(index);
        return file.ReadSample(row, turns, pictures);
    }

    public void Dispose() => files.ForEach(f => f.File.Dispose());

    private (string Subset, IRowFile File, long Row) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);

        // the last file that begins at or before the row; an empty file begins where the next does
        int low = 0;
        int high = files.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = files[middle].FirstRow <= index ? (middle, high) : (low, middle - 1);
        }

        return (files[low].Subset, files[low].File, index - files[low].FirstRow);
    }
}
