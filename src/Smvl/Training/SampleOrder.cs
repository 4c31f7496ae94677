using Smvl.Data;

namespace Smvl.Training;

/// <summary>
/// Which rows each micro-batch holds: every epoch the rows that the mixture gives it, in file order or shuffled anew by data_seed and the
/// epoch's number, cut into batches. Any point of a run can be found again from its epoch and batch.
/// </summary>
internal sealed class SampleOrder(Mixture mixture, BatchCutter cutter, SamplingStrategy strategy, int dataSeed)
{
    private readonly Dictionary<int, int> counts = [];

    /// <summary>The micro-batches from one on, endlessly.</summary>
    /// <param name="epoch">from 0</param>
    /// <param name="batch">of that epoch, from 0</param>
    public IEnumerable<int[]> From(int epoch, int batch)
    {
        for (; ; epoch++, batch = 0)
        {
            foreach (int[] rows in cutter.Cut(Epoch(epoch)).Skip(batch))
            {
                yield return rows;
            }
        }
    }

    /// <summary>Micro-batches of an epoch.</summary>
    public int BatchesOf(int epoch)
    {
        if (!counts.TryGetValue(epoch, out int count))
        {
            counts[epoch] = count = cutter.Cut(Epoch(epoch)).Count();
        }

        return count;
    }

    /// <summary>The rows of one epoch in their order.</summary>
    internal int[] Epoch(int epoch)
    {
        int[] rows = mixture.Epoch(epoch, strategy == SamplingStrategy.Sequential);
        return strategy == SamplingStrategy.Sequential
            ? rows
            : [.. Permutation.Create(rows.Length, SplitMix64.Mix((ulong)dataSeed) + (ulong)epoch).Select(i => rows[i])];
    }
}
