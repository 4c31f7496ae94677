using Smvl.Data;

namespace Smvl.Training.Planning;

/// <summary>Some of the rows that a run trains on, as shapes, in the order in which it meets them.</summary>
internal sealed class DataSample
{
    // as many draws as a run has micro-batches, but no more
    private const int MostDraws = 2000;

    private readonly IReadOnlyList<(int Row, SampleShape Shape)> samples;
    private readonly bool isWholeRun;

    private DataSample(IReadOnlyList<(int Row, SampleShape Shape)> samples, bool isWholeRun)
    {
        this.samples = samples;
        this.isWholeRun = isWholeRun;
    }

    public IReadOnlyList<SampleShape> Shapes => [.. samples.Select(sample => sample.Shape)];

    public int Count => samples.Count;

    /// <param name="arguments">of the run</param>
    /// <param name="data">its rows</param>
    /// <param name="order">in which they come; a sequential one is looked at all along</param>
    /// <param name="rows">most rows to look at</param>
    /// <param name="cancellation">stops between two rows</param>
    /// <returns>null where not one of them can be used</returns>
    public static DataSample? Take(TrainingArguments arguments, TrainingData data, SampleOrder order, int rows, CancellationToken cancellation = default)
    {
        int[] epoch = order.Epoch(0);
        int count = Math.Min(rows, epoch.Length);
        bool spread = arguments.TrainSamplingStrategy == SamplingStrategy.Sequential && count < epoch.Length;
        List<(int, SampleShape)> found = [];
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int row = epoch[spread ? (int)((long)i * epoch.Length / count) : i];
            if (data.Look(row) is { } shape)
            {
                found.Add((row, shape));
            }
        }

        return found.Count > 0 ? new DataSample(found, count == epoch.Length) : null;
    }

    /// <summary>The rows' micro-batches, as the run's keys cut them.</summary>
    public IReadOnlyList<SampleShape[]> Batches(TrainingArguments arguments) => [.. Cut(arguments).Select(batch => Array.ConvertAll(batch, i => samples[i].Shape))];

    /// <summary>The rows of the first micro-batches.</summary>
    public int[][] FirstBatches(TrainingArguments arguments, int count) =>
        [.. Cut(arguments).Take(count).Select(batch => Array.ConvertAll(batch, i => samples[i].Row))];

    /// <summary>The first rows, of so many tokens or as many as there are, of the micro-batch whose tokens are nearest to the mean.</summary>
    public int[] MiddleBatch(TrainingArguments arguments, int tokens)
    {
        int[][] batches = [.. Cut(arguments)];
        double mean = batches.Average(Tokens);
        int[] middle = batches.MinBy(batch => Math.Abs(Tokens(batch) - mean))!;
        return [.. middle.TakeWhile((_, place) => Tokens(middle[..place]) < tokens).Select(i => samples[i].Row)];
    }

    /// <summary>
    /// The micro-batches of a run that take most: by tokens, by tiles and by labels. Where the rows are not all that the run meets, so many
    /// batches are drawn from them at random as the run has, and the largest of these are taken.
    /// </summary>
    /// <param name="arguments">of the run</param>
    /// <param name="batchesInRun">its micro-batches</param>
    public IReadOnlyList<SampleShape[]> Largest(TrainingArguments arguments, long batchesInRun)
    {
        List<int[]> candidates = [.. Cut(arguments)];
        if (!isWholeRun || arguments.TrainSamplingStrategy == SamplingStrategy.Random)
        {
            candidates.AddRange(Drawn(arguments, (int)Math.Min(batchesInRun, MostDraws)));
        }

        int[][] largest =
        [
            candidates.MaxBy(Tokens)!,
            candidates.MaxBy(batch => batch.Sum(i => samples[i].Shape.TileCount))!,
            candidates.MaxBy(batch => batch.Sum(i => samples[i].Shape.TargetCount))!,
        ];
        return [.. largest.Distinct().Select(batch => Array.ConvertAll(batch, i => samples[i].Shape))];
    }

    private IEnumerable<int[]> Drawn(TrainingArguments arguments, int count)
    {
        SplitMix64 random = new((ulong)arguments.DataSeed);
        for (int drawn = 0; drawn < count;)
        {
            // a batch of so many tokens takes whatever fits
            int[] order = Enumerable.Range(0, samples.Count).Select(_ => (int)(random.NextUnit() * samples.Count)).ToArray();
            foreach (int[] batch in Cutter(arguments).Cut(order).Take(count - drawn))
            {
                drawn++;
                yield return batch;
            }
        }
    }

    private IEnumerable<int[]> Cut(TrainingArguments arguments) => Cutter(arguments).Cut([.. Enumerable.Range(0, samples.Count)]);

    private BatchCutter Cutter(TrainingArguments arguments) => new(
        arguments.PerDeviceTrainBatchSize, dropLast: false, arguments.MaxTokensPerBatch,
        arguments.MaxTokensPerBatch is null ? null : [.. samples.Select(sample => sample.Shape.Ids.Length)]);

    private int Tokens(int[] batch) => batch.Sum(i => samples[i].Shape.Ids.Length);
}
