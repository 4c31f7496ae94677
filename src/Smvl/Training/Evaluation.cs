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
internal sealed record Evaluation(double Loss, int Samples, int Batches, double Seconds)
{
    public static Evaluation Run(VisionLanguageModel model, TrainingData data, int batchSize, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        double sum = 0;
        int samples = 0;
        int batches = 0;
        foreach (MicroBatch loaded in data.LoadAhead(data.Split.Eval.Chunk(batchSize), batchSize, ahead: 1))
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

        if (samples == 0)
        {
            throw new SmvlException("no held-out row could be read", "evaluation", "at least one", "none", "set eval_strategy to no, or mend the data");
        }

        return new Evaluation(sum / samples, samples, batches, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
