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
/// <param name="VisualGain">
/// how much higher the loss is when every row with a picture gets another one's; about 0 where the pictures are not looked at; null where
/// nobody asked, or fewer than two rows have a picture
/// </param>
internal sealed record Evaluation(double Loss, int Samples, int Batches, double Seconds, double? VisualGain)
{
    /// <param name="model">whose loss it is</param>
    /// <param name="data">held-out rows</param>
    /// <param name="batchSize">rows at a time</param>
    /// <param name="visualGain">whether <see cref="VisualGain"/> is wanted, which takes the time once more</param>
    /// <param name="cancellation">heard between batches and blocks</param>
    /// <exception cref="SmvlException">a row cannot be used, and skip_bad_rows is off; or none can</exception>
    public static Evaluation Run(
        VisionLanguageModel model, TrainingData data, int batchSize, bool visualGain, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        (double loss, int samples, int batches) = Mean(model, data, data.Split.Eval, null, batchSize, cancellation);
        if (samples == 0)
        {
            throw new SmvlException("no held-out row could be read", "evaluation", "at least one", "none", "set eval_strategy to no, or mend the data");
        }

        double? gain = visualGain ? Gain(model, data, loss, samples, batchSize, cancellation) : null;
        return new Evaluation(loss, samples, batches, Stopwatch.GetElapsedTime(started).TotalSeconds, gain);
    }

    private static double? Gain(
        VisionLanguageModel model, TrainingData data, double loss, int samples, int batchSize, CancellationToken cancellation)
    {
        int[] rows = [.. data.Split.Eval.Where(data.HasPicture)];
        if (rows.Length < 2)
        {
            return null;
        }

        double own = rows.Length == samples ? loss : Mean(model, data, rows, null, batchSize, cancellation).Loss;
        return Mean(model, data, rows, data.ShufflePictures(rows), batchSize, cancellation).Loss - own;
    }

    private static (double Loss, int Samples, int Batches) Mean(
        VisionLanguageModel model, TrainingData data, int[] rows, IReadOnlyDictionary<int, int>? pictureOf, int batchSize,
        CancellationToken cancellation)
    {
        double sum = 0;
        int samples = 0;
        int batches = 0;
        foreach (MicroBatch loaded in data.LoadAhead(rows.Chunk(batchSize), batchSize, ahead: 1, pictureOf))
        {
            using Batch batch = loaded.Batch;
            cancellation.ThrowIfCancellationRequested();
            if (batch.Targets.Count == 0)
            {
                continue;
            }

            sum += model.Loss(batch, cancellation) / batch.Targets.Count * batch.Lengths.Count;
            samples += batch.Lengths.Count;
            batches++;
        }

        return (sum / samples, samples, batches);
    }
}
