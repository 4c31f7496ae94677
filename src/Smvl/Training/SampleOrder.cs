using Smvl.Data;

namespace Smvl.Training;

/// <summary>
/// Which rows each micro-batch holds: every epoch all training rows once, in file order or shuffled anew by data_seed and the
/// epoch's number, so that any point of a run can be found again without walking to it.
/// </summary>
internal sealed class SampleOrder(IReadOnlyList<int> rows, TrainingSteps steps, SamplingStrategy strategy, int dataSeed)
{
    /// <summary>The micro-batches behind <paramref name="updates"/> optimizer steps, endlessly.</summary>
    /// <param name="updates">steps done</param>
    /// <param name="fromEpochStart">ignore_data_skip: start the epoch over</param>
    public IEnumerable<int[]> From(int updates, bool fromEpochStart = false)
    {
        (int epoch, int batch) = steps.Position(updates);
        if (fromEpochStart)
        {
            batch = 0;
        }

        for (; ; epoch++, batch = 0)
        {
            int[] order = Epoch(epoch);
            for (; batch < steps.BatchesPerEpoch; batch++)
            {
                int start = batch * steps.BatchSize;
                yield return [.. order.Skip(start).Take(steps.BatchSize)];
            }
        }
    }

    /// <summary>The rows of one epoch in their order.</summary>
    internal int[] Epoch(int epoch) => strategy == SamplingStrategy.Sequential
        ? [.. rows]
        : [.. Permutation.Create(rows.Count, SplitMix64.Mix((ulong)dataSeed) + (ulong)epoch).Select(i => rows[i])];
}
