namespace Smvl.Tensors.Gpu;

/// <summary>
/// Says where a barrier must stand: before work that reads what was written since the last one, or writes what was read or written
/// since. It compares ranges of device addresses, so that neighbours in one storage, and memory given out again, are what they are.
/// </summary>
internal sealed class DependencyTracker
{
    /// <summary>With more ranges than this a barrier is cheaper than to compare on.</summary>
    private const int MostRanges = 256;

    private readonly List<(ulong Start, ulong End)> reads = [];
    private readonly List<(ulong Start, ulong End)> writes = [];

    /// <summary>Notes the next piece of work.</summary>
    /// <returns>true if a barrier must stand before it</returns>
    public bool Next(ReadOnlySpan<GpuUse> uses)
    {
        bool barrier = reads.Count + writes.Count > MostRanges || Conflicts(uses);
        if (barrier)
        {
            Clear();
        }

        foreach (GpuUse use in uses)
        {
            (use.Writes ? writes : reads).Add((use.Start, use.End));
        }

        return barrier;
    }

    /// <summary>Everything before is ordered already.</summary>
    public void Clear()
    {
        reads.Clear();
        writes.Clear();
    }

    private static bool Overlaps(List<(ulong Start, ulong End)> ranges, in GpuUse use)
    {
        ulong start = use.Start, end = use.End;
        foreach ((ulong from, ulong to) in ranges)
        {
            if (start < to && from < end)
            {
                return true;
            }
        }

        return false;
    }

    private bool Conflicts(ReadOnlySpan<GpuUse> uses)
    {
        foreach (GpuUse use in uses)
        {
            if (Overlaps(writes, use) || (use.Writes && Overlaps(reads, use)))
            {
                return true;
            }
        }

        return false;
    }
}
