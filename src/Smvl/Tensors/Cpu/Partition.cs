namespace Smvl.Tensors.Cpu;

/// <summary>How work is cut into parts: by shape only, never by the number of threads, so that results do not depend on it.</summary>
internal static class Partition
{
    /// <summary>Elements that make a part worth handing to another core.</summary>
    private const int PartElements = 16 * 1024;

    /// <summary>Rows per part when rows are <paramref name="width"/> wide.</summary>
    public static int RowGrain(int width) => Math.Max(1, PartElements / Math.Max(1, width));

    /// <summary>Columns per part where a sum runs down the rows: a few cache lines.</summary>
    public const int ColumnGrain = 64;

    /// <summary>Calls <paramref name="body"/>(start, length) for runs of a flat array.</summary>
    public static void Elements(CpuThreads threads, long count, Action<int, int> body) =>
        threads.ForRanges(checked((int)count), PartElements, (start, end) => body(start, end - start));
}
