using System.Collections.Concurrent;
using Smvl.Data;

namespace Smvl.Training;

/// <summary>A run's rows: the dataset, which rows train and which are held out, and how a row becomes a sample. Any thread may load.</summary>
public sealed class TrainingData : IDisposable
{
    private readonly CauldronDataset dataset;
    private readonly SampleBuilder builder;
    private readonly bool skipBadRows;
    private readonly ConcurrentDictionary<int, string> skipped = new();

    private TrainingData(CauldronDataset dataset, SampleBuilder builder, Split split, bool skipBadRows)
    {
        this.dataset = dataset;
        this.builder = builder;
        this.skipBadRows = skipBadRows;
        Split = split;
    }

    /// <summary>Which rows train and which are held out.</summary>
    public Split Split { get; }

    /// <summary>Lines for the user: subsets left out or missing.</summary>
    public IReadOnlyList<string> Notes => dataset.Notes;

    /// <summary>Rows that could not be used, with the reason; empty unless skip_bad_rows.</summary>
    public IReadOnlyDictionary<int, string> Skipped => skipped;

    /// <exception cref="SmvlException">an unknown or empty dataset, or a file that is none</exception>
    public static TrainingData Open(TrainingArguments arguments, SampleBuilder builder)
    {
        CauldronDataset dataset = CauldronDataset.Open(arguments.DataDir, arguments.TrainData);
        bool all = arguments.TrainData.SequenceEqual([CauldronSubsets.All]);
        Split split = Split.Create(dataset.Count, arguments.EvalRows, (ulong)arguments.DataSeed, all ? Split.AllRows : null);
        return new TrainingData(dataset, builder, split, arguments.SkipBadRows);
    }

    /// <summary>The samples of some rows, in order; with skip_bad_rows the unusable ones are left out and counted.</summary>
    /// <exception cref="SmvlException">a row cannot be used, and skip_bad_rows is off; names file, row group and row</exception>
    public IReadOnlyList<Sample> LoadAll(IReadOnlyList<int> rows) => [.. rows.Select(Load).OfType<Sample>()];

    /// <summary>File, row group and row.</summary>
    public string Describe(int row)
    {
        RowLocation at = dataset.Locate(row);
        return $"{at.File}, row group {at.RowGroup}, row {at.Row}";
    }

    /// <summary>One line about what was skipped, cut or shrunk; null when nothing was.</summary>
    public string? Summary()
    {
        string[] parts =
        [
            .. skipped.IsEmpty ? [] : new[] { $"bad rows skipped: {skipped.Count} (the first: {skipped.OrderBy(s => s.Key).First().Value})" },
            .. builder.CutSamples == 0 ? [] : new[] { $"samples whose text was cut at max_length: {builder.CutSamples} ({builder.CutTokens} tokens)" },
            .. builder.ShrunkPictures == 0 ? [] : new[] { $"pictures cut into fewer tiles to fit max_length: {builder.ShrunkPictures}" },
        ];
        return parts.Length == 0 ? null : string.Join("; ", parts);
    }

    public void Dispose() => dataset.Dispose();

    private Sample? Load(int row)
    {
        try
        {
            return builder.Build(dataset.ReadSample(row), Describe(row));
        }
        catch (SmvlException e) when (skipBadRows)
        {
            skipped.TryAdd(row, e.Message);
            return null;
        }
    }
}
