using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>Makes rows on all cores and gives them in order.</summary>
internal static class ParallelRows
{
    private const int BatchRows = 1024;

    /// <param name="count">of rows</param>
    /// <param name="make">from a row's number; called from several threads</param>
    /// <param name="cancellation">stops between batches</param>
    public static IEnumerable<CauldronRow> Make(int count, Func<int, CauldronRow> make, CancellationToken cancellation)
    {
        for (int start = 0; start < count; start += BatchRows)
        {
            int first = start;
            var batch = new CauldronRow[Math.Min(BatchRows, count - start)];
            Parallel.For(0, batch.Length, new ParallelOptions { CancellationToken = cancellation }, i => batch[i] = make(first + i));
            foreach (CauldronRow row in batch)
            {
                yield return row;
            }
        }
    }
}
