using System.Runtime.ExceptionServices;
using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>Makes rows on several cores and gives them in order.</summary>
/// <param name="threads">cores, at least 1; no row depends on it</param>
/// <param name="cancellation">stops between rows</param>
internal sealed class ParallelRows(int threads, CancellationToken cancellation)
{
    private const int BatchRows = 1024;

    private readonly ParallelOptions options = new() { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };

    /// <param name="count">of rows</param>
    /// <param name="make">from a row's number; called from several threads</param>
    public IEnumerable<CauldronRow> Make(int count, Func<int, CauldronRow> make)
    {
        for (int start = 0; start < count; start += BatchRows)
        {
            foreach (CauldronRow row in MakeBatch(start, Math.Min(BatchRows, count - start), make))
            {
                yield return row;
            }
        }
    }

    private CauldronRow[] MakeBatch(int first, int count, Func<int, CauldronRow> make)
    {
        var batch = new CauldronRow[count];
        try
        {
            Parallel.For(0, count, options, i => batch[i] = make(first + i));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return batch;
    }
}
