using System.Diagnostics;
using Smvl.Data;
using Smvl.Models;

namespace Smvl.Training;

/// <summary>
/// The loss on held-out rows, as the Trainer takes it: the mean cross entropy of each batch, weighted by its samples.
/// </summary>
/// <param name="Loss">mean over samples</param>
/// <param name="Samples">rows that could be read</param>
/// <param name="Batches">batches they made</param>
/// <param name="Seconds">it took</param>
/// <param name="VisualGain">null where nobody asked, or no dataset has two rows with a picture</param>
internal sealed record Evaluation(double Loss, int Samples, int Batches, double Seconds, VisualGain? VisualGain)
{
    /// <param name="model">whose loss it is</param>
    /// <param name="data">held-out rows</param>
    /// <param name="batchSize">rows at a time</param>
    /// <param name="visualGainRows">rows that are measured again with other pictures; 0: none</param>
    /// <param name="cancellation">heard between batches and blocks</param>
    /// <exception cref="SmvlException">a row cannot be used, and skip_bad_rows is off; or none can</exception>
    public static Evaluation Run(
        VisionLanguageModel model, TrainingData data, int batchSize, int visualGainRows, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        Measured all = Measure(model, data, data.Split.Eval, null, batchSize, cancellation);
        if (all.Samples == 0)
        {
            throw new SmvlException("no held-out row could be read", "evaluation", "at least one", "none", "set eval_strategy to no, or mend the data");
        }

        VisualGain? gain = visualGainRows > 0 ? Gain(model, data, all.ByRow, visualGainRows, batchSize, cancellation) : null;
        return new Evaluation(all.Sum / all.Samples, all.Samples, all.Batches, Stopwatch.GetElapsedTime(started).TotalSeconds, gain);
    }

    private static VisualGain? Gain(
        VisionLanguageModel model, TrainingData data, IReadOnlyDictionary<int, double> own, int most, int batchSize, CancellationToken cancellation)
    {
        IReadOnlyList<IReadOnlyList<int>> sets = VisualGain.Choose(own.Keys.Where(data.HasPicture), row => data.Locate(row).Subset, most);
        if (sets.Count == 0)
        {
            return null;
        }

        Dictionary<int, int> pictureOf = sets.SelectMany(data.ShufflePictures).ToDictionary();
        Measured exchanged = Measure(model, data, [.. sets.SelectMany(rows => rows)], pictureOf, batchSize, cancellation);
        return VisualGain.Of(sets.Select(rows => (data.Locate(rows[0]).Subset, rows)), own, exchanged.ByRow);
    }

    private static Measured Measure(
        VisionLanguageModel model, TrainingData data, int[] rows, IReadOnlyDictionary<int, int>? pictureOf, int batchSize,
        CancellationToken cancellation)
    {
        var measured = new Measured();
        foreach (MicroBatch loaded in data.LoadAhead(rows.Chunk(batchSize), batchSize, ahead: 1, pictureOf))
        {
            using Batch batch = loaded.Batch;
            cancellation.ThrowIfCancellationRequested();
            if (batch.Targets.Count > 0)
            {
                measured.Add(loaded.Used, batch, model.SampleLosses(batch, cancellation));
            }
        }

        return measured;
    }

    /// <summary>Losses of some rows.</summary>
    private sealed class Measured
    {
        private readonly Dictionary<int, double> byRow = [];

        /// <summary>Of the batches' mean losses, each times its samples.</summary>
        public double Sum { get; private set; }

        public int Samples { get; private set; }

        public int Batches { get; private set; }

        /// <summary>Mean loss of each row's tokens; of rows with a label.</summary>
        public IReadOnlyDictionary<int, double> ByRow => byRow;

        public void Add(IReadOnlyList<int> rows, Batch batch, double[] losses)
        {
            Sum += losses.Sum() / batch.Targets.Count * batch.Lengths.Count;
            Samples += batch.Lengths.Count;
            Batches++;
            for (int i = 0; i < rows.Count; i++)
            {
                if (batch.TargetCounts[i] > 0)
                {
                    byRow[rows[i]] = losses[i] / batch.TargetCounts[i];
                }
            }
        }
    }
}
