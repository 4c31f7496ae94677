using System.Collections.Concurrent;
using Smvl.Data;

namespace Smvl.Training;

/// <summary>A run's rows: the dataset, which rows train and which are held out, and how a row becomes a sample. Any thread may load.</summary>
public sealed class TrainingData : IDisposable
{
    private readonly CauldronDataset dataset;
    private readonly SampleBuilder builder;
    private readonly RowTurns turns;
    private readonly int imageTokenId;
    private readonly ulong seed;
    private readonly bool skipBadRows;
    private readonly ConcurrentDictionary<int, string> skipped = new();
    private readonly ConcurrentDictionary<int, bool> textOnly = new();
    private int[]? allLengths;

    private TrainingData(CauldronDataset dataset, SampleBuilder builder, RowTurns turns, int imageTokenId, Split split, Mixture mixture, ulong seed, bool skipBadRows)
    {
        this.dataset = dataset;
        this.builder = builder;
        this.turns = turns;
        this.imageTokenId = imageTokenId;
        this.seed = seed;
        this.skipBadRows = skipBadRows;
        Split = split;
        Mixture = mixture;
    }

    /// <summary>Which rows train and which are held out.</summary>
    public Split Split { get; }

    /// <summary>How often an epoch takes the rows to train on.</summary>
    public Mixture Mixture { get; }

    /// <summary>Lines for the user: subsets left out or missing.</summary>
    public IReadOnlyList<string> Notes => dataset.Notes;

    /// <summary>Rows that could not be used, with the reason; empty unless skip_bad_rows.</summary>
    public IReadOnlyDictionary<int, string> Skipped => skipped;

    /// <param name="arguments">the run's configuration</param>
    /// <param name="builder">makes samples of rows</param>
    /// <param name="imageTokenId">the token that image rows replace</param>
    /// <exception cref="SmvlException">an unknown or empty dataset, or a file that is none</exception>
    public static TrainingData Open(TrainingArguments arguments, SampleBuilder builder, int imageTokenId)
    {
        IReadOnlyList<DatasetRequest> requests = arguments.Datasets;
        CauldronDataset dataset = OpenDataset(arguments);
        try
        {
            ulong seed = (ulong)arguments.DataSeed;
            Split split = Split.Create(Split.Limit(requests, dataset.Parts, seed), arguments.EvalRows, seed);
            Mixture mixture = Mixture.Create(requests, dataset.Parts, split.Train, arguments.DataSeed);
            return new TrainingData(dataset, builder, new RowTurns(requests, dataset.Parts, builder.Rules.Turns), imageTokenId, split, mixture, seed, arguments.SkipBadRows);
        }
        catch
        {
            dataset.Dispose();
            throw;
        }
    }

    /// <summary>All rows of the datasets that a configuration names.</summary>
    /// <exception cref="SmvlException">an unknown or empty dataset, or a file that is none</exception>
    internal static CauldronDataset OpenDataset(TrainingArguments arguments) => CauldronDataset.Open(
        arguments.DataDir, [.. arguments.Datasets.Select(request => request.Name)], arguments.ImageFolder, RowIndexCache.OfProcess());

    /// <summary>
    /// The order of a run's batches. Where they hold so many tokens, every row to train on is read once to learn how many it has: its texts
    /// and the sizes of its pictures, no pixels.
    /// </summary>
    /// <exception cref="SmvlException">a row cannot be used, and skip_bad_rows is off; names file and row</exception>
    internal SampleOrder Order(TrainingArguments arguments)
    {
        int[]? lengths = arguments.MaxTokensPerBatch is null ? null : allLengths ??= Lengths();
        BatchCutter cutter = new(arguments.PerDeviceTrainBatchSize, arguments.DataloaderDropLast, arguments.MaxTokensPerBatch, lengths);
        return new SampleOrder(Mixture, cutter, arguments.TrainSamplingStrategy, arguments.DataSeed);
    }

    /// <summary>
    /// Batches of some rows each, loaded ahead; with skip_bad_rows the unusable rows are left out and counted, and a batch may be empty.
    /// They belong to the caller.
    /// </summary>
    /// <param name="batches">the rows of every batch</param>
    /// <param name="batchSize">most rows of a batch</param>
    /// <param name="ahead">batches needed at once</param>
    /// <param name="pictureOf">the row whose picture a row gets; null: its own</param>
    /// <exception cref="SmvlException">a row cannot be used, and skip_bad_rows is off; names file, row group and row</exception>
    internal IEnumerable<MicroBatch> LoadAhead(
        IEnumerable<int[]> batches, int batchSize, int ahead, IReadOnlyDictionary<int, int>? pictureOf = null) => Prefetch.InOrder(
        batches, rows => LoadBatch(rows, pictureOf), ahead, Math.Max(ahead, Environment.ProcessorCount / batchSize));

    /// <summary>Whether a row that was loaded could be used and has a picture.</summary>
    internal bool HasPicture(int row) => !skipped.ContainsKey(row) && !textOnly.ContainsKey(row);

    /// <summary>Another row's picture for each row, by the data's seed: no row keeps its own.</summary>
    /// <param name="rows">at least two, each with a picture</param>
    internal IReadOnlyDictionary<int, int> ShufflePictures(IReadOnlyList<int> rows) =>
        Permutation.CreateCycle(rows.Count, seed).Select((other, i) => (Row: rows[i], Picture: rows[other])).ToDictionary(pair => pair.Row, pair => pair.Picture);

    /// <summary>Where a row comes from.</summary>
    public RowLocation Locate(int row) => dataset.Locate(row);

    /// <summary>File, row group and row.</summary>
    public string Describe(int row) => dataset.Locate(row).ToString();

    /// <summary>One line about what was skipped, cut or shrunk; null when nothing was.</summary>
    public string? Summary()
    {
        string[] parts =
        [
            .. skipped.IsEmpty ? [] : new[] { $"bad rows skipped: {skipped.Count} (the first: {skipped.OrderBy(s => s.Key).First().Value})" },
            .. builder.CutSamples == 0 ? [] : new[] { $"samples whose text was cut at max_length: {builder.CutSamples} ({builder.CutTokens} tokens)" },
            .. builder.DroppedPictures == 0 ? [] : new[] { $"pictures left out beyond max_images or max_length: {builder.DroppedPictures}" },
            .. builder.ShrunkPictures == 0 ? [] : new[] { $"pictures cut into fewer tiles to fit max_length: {builder.ShrunkPictures}" },
        ];
        return parts.Length == 0 ? null : string.Join("; ", parts);
    }

    public void Dispose() => dataset.Dispose();

    /// <summary>How a row would lie among the tokens, and its pictures; no pixel is computed. Null for a row that cannot be used, which the run tells in its place.</summary>
    internal SampleShape? Look(int row)
    {
        try
        {
            string where = Describe(row);
            using CauldronSample read = dataset.ReadSample(row, turns.Of(row), builder.Rules.MaxImages);
            (int Width, int Height)[] sizes = SampleBuilder.Sizes(read, where);
            SampleLayout layout = builder.Lay(read, sizes, where);
            return new SampleShape(
                layout.Text.Ids, layout.Text.Labels, layout.TileCount, sizes.Select(size => (long)size.Width * size.Height).DefaultIfEmpty().Max(),
                read.Pictures.Sum(picture => (long)picture.Memory.Length));
        }
        catch (SmvlException)
        {
            return null;
        }
    }

    /// <summary>One of <see cref="LoadAhead"/>'s batches, made on the calling thread.</summary>
    internal MicroBatch LoadBatch(int[] rows) => LoadBatch(rows, pictureOf: null);

    private MicroBatch LoadBatch(int[] rows, IReadOnlyDictionary<int, int>? pictureOf)
    {
        var samples = new List<Sample>();
        var used = new List<int>();
        try
        {
            foreach (int row in rows)
            {
                if (Load(row, pictureOf?[row] ?? row) is { } sample)
                {
                    samples.Add(sample);
                    used.Add(row);
                }
            }

            return new MicroBatch(rows, used, new Batch(samples, imageTokenId));
        }
        catch
        {
            samples.ForEach(sample => sample.Dispose());
            throw;
        }
    }

    /// <summary>Tokens of every row to train on, by its number; 0 for a row that is skipped.</summary>
    private int[] Lengths()
    {
        int[] lengths = new int[dataset.Count];
        try
        {
            Parallel.ForEach(Split.Train, row => lengths[row] = Length(row));
        }
        catch (AggregateException e) when (e.InnerException is SmvlException)
        {
            throw e.InnerExceptions.OfType<SmvlException>().First();
        }

        return lengths;
    }

    private int Length(int row)
    {
        try
        {
            using CauldronSample read = dataset.ReadSample(row, turns.Of(row), builder.Rules.MaxImages);
            return builder.Length(read, Describe(row));
        }
        catch (SmvlException e) when (skipBadRows)
        {
            skipped.TryAdd(row, e.Message);
            return 0;
        }
    }

    private Sample? Load(int row, int pictureRow)
    {
        try
        {
            using CauldronSample read = dataset.ReadSample(row, turns.Of(row), builder.Rules.MaxImages);
            if (read.Picture is null)
            {
                textOnly.TryAdd(row, true);
            }

            using CauldronSample? other = pictureRow == row ? null : dataset.ReadSample(pictureRow, turns.Of(pictureRow), builder.Rules.MaxImages);
            return builder.Build(other is null ? read : read with { Picture = other.Picture, MorePictures = other.MorePictures }, Describe(row));
        }
        catch (SmvlException e) when (skipBadRows)
        {
            skipped.TryAdd(row, e.Message);
            return null;
        }
    }
}
