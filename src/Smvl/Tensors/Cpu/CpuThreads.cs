namespace Smvl.Tensors.Cpu;

/// <summary>
/// Runs the parts of one operation on several cores. Which thread runs a part never changes a result: parts write disjoint
/// outputs, and their number depends on shapes only, not on the number of threads.
/// </summary>
internal sealed class CpuThreads
{
    private readonly ParallelOptions options;

    /// <param name="count">threads to use, the caller's included; at least 1</param>
    public CpuThreads(int count)
    {
        Count = count;
        options = new ParallelOptions { MaxDegreeOfParallelism = count };
    }

    public int Count { get; }

    /// <summary>Calls <paramref name="body"/> once for each of 0 .. <paramref name="parts"/> − 1, in any order, and returns when all are done.</summary>
    public void For(int parts, Action<int> body)
    {
        if (Count == 1 || parts <= 1)
        {
            for (int i = 0; i < parts; i++)
            {
                body(i);
            }

            return;
        }

        Parallel.For(0, parts, options, body);
    }

    /// <summary>Splits <paramref name="count"/> items into runs of <paramref name="grain"/> and calls <paramref name="body"/>(start, end) for each.</summary>
    public void ForRanges(int count, int grain, Action<int, int> body) =>
        For((count + grain - 1) / grain, part => body(part * grain, Math.Min(count, (part + 1) * grain)));
}
