using System.Text.Json;
using Smvl.Formats.Parquet;

namespace Smvl.Data;

/// <summary>Where a row of a dataset comes from, counted from 0; <see cref="Row"/> is the row's number in its file.</summary>
public sealed record RowLocation(string Subset, string File, int RowGroup, long Row)
{
    /// <summary>Its fields, into an object that has been begun.</summary>
    internal void WriteFields(Utf8JsonWriter json)
    {
        json.WriteString("dataset", Subset);
        json.WriteString("file", File);
        json.WriteNumber("row_group", RowGroup);
        json.WriteNumber("row", Row);
    }
}

/// <summary>
/// Rows in the_cauldron's schema from any number of parquet files, numbered through in the order of names, files and rows.
/// Opening reads the files' footers; a row reads its own pages. Memory stays at <see cref="PageCache.DefaultCapacity"/> (or one larger page) plus
/// the pages of the rows being read, whatever the files' size. Any thread may read.
/// </summary>
public sealed class CauldronDataset : IDisposable
{
    private readonly List<(string Subset, CauldronFile File, int FirstRow)> files;

    private CauldronDataset(List<(string Subset, CauldronFile File, int FirstRow)> files, int count, List<string> notes)
    {
        this.files = files;
        Count = count;
        Notes = notes;
    }

    /// <summary>Rows in all files.</summary>
    public int Count { get; }

    /// <summary>Lines for the user: subsets left out, folders or files missing.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <param name="dataDir">the folder with one folder per subset</param>
    /// <param name="names">subsets in it, paths of folders or .parquet files, or <c>all</c></param>
    /// <exception cref="SmvlException">nothing named, an unknown or empty dataset, or a file that is no parquet file in the_cauldron's schema</exception>
    public static CauldronDataset Open(string dataDir, params IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            throw new SmvlException("no dataset is named", "train_data", "a dataset's name, a path, or all");
        }

        var notes = new List<string>();
        var files = new List<(string Subset, CauldronFile File, int FirstRow)>();
        try
        {
            var cache = new PageCache();
            long count = 0;
            foreach (CauldronSubset subset in CauldronSubsets.Resolve(dataDir, names, notes))
            {
                long before = count;
                foreach (string path in subset.Files)
                {
                    CauldronFile file = CauldronFile.Open(path, cache);
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
            }

            return new(files, (int)count, notes);
        }
        catch
        {
            files.ForEach(f => f.File.Dispose());
            throw;
        }
    }

    public RowLocation Locate(int index)
    {
        (string subset, CauldronFile file, long row) = Find(index);
        return new(subset, file.Path, file.RowGroupOf(row), row);
    }

    /// <summary>The whole row, nulls as they are.</summary>
    /// <exception cref="SmvlException">the row cannot be read; names file, row group and row</exception>
    public CauldronRow ReadRow(int index)
    {
        (_, CauldronFile file, long row) = Find(index);
        return file.ReadRow(row);
    }

    /// <summary>The row's first picture, if it has any, and its first turns: one, as the original scripts take it, or more.</summary>
    /// <exception cref="SmvlException">
    /// the row cannot be read, or lacks one of them; names file, row group and row. A caller with <c>skip_bad_rows</c> counts it.
    /// </exception>
    public CauldronSample ReadSample(int index, int turns = 1)
    {
        (_, CauldronFile file, long row) = Find(index);
        return file.ReadSample(row, turns);
    }

    public void Dispose() => files.ForEach(f => f.File.Dispose());

    private (string Subset, CauldronFile File, long Row) Find(int index)
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
