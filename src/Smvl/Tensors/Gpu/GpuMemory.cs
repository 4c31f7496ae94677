using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Device memory by the part: blocks of the driver's are cut into segments, a request takes the smallest free one that holds it, and
/// what is given back grows together with free neighbours. The same requests in the same order get the same addresses, so that a step
/// repeats the commands of the one before. A part may be given out again while queued work uses it, since all work is in one queue and
/// ordered by address. One thread at a time calls it: the device's lock.
/// </summary>
internal sealed class GpuMemory
{
    /// <summary>In bytes, of every storage.</summary>
    public const long Alignment = 256;

    /// <summary>Blocks may exceed the most that was used at once by so much and two of them before empty ones are given back.</summary>
    private const double Slack = 1.1;

    private readonly LogicalDevice device;
    private readonly MemoryProperties[] kinds;
    private readonly long blockSize;
    private readonly long? limit;
    private readonly Action waitForAll;
    private readonly List<GpuBlock> blocks = [];
    private readonly long[] usedBytes = new long[Enum.GetValues<MemoryPurpose>().Length];

    /// <summary>By size, then by place.</summary>
    private readonly List<GpuSegment> free = [];

    /// <param name="device">whose memory</param>
    /// <param name="unified">map it for the host</param>
    /// <param name="blockSize">bytes to ask the driver for at least</param>
    /// <param name="limit">bytes to ask the driver for in all; null for what it has</param>
    /// <param name="waitForAll">returns once no command uses any memory or is kept that does</param>
    public GpuMemory(LogicalDevice device, bool unified, long blockSize, long? limit, Action waitForAll)
    {
        this.device = device;
        this.blockSize = blockSize;
        this.limit = limit;
        this.waitForAll = waitForAll;
        kinds = unified ? [MemoryKinds.Unified] : [MemoryKinds.Device];
    }

    /// <summary>Bytes of all storages.</summary>
    public long UsedBytes => usedBytes.Sum();

    /// <summary>The most bytes of storages at once.</summary>
    public long MostUsedBytes { get; private set; }

    /// <summary>Bytes of all blocks.</summary>
    public long BlockBytes { get; private set; }

    /// <summary>A segment of at least so many bytes.</summary>
    /// <exception cref="SmvlException">there is no such memory</exception>
    public GpuSegment Take(long byteLength, MemoryPurpose purpose)
    {
        long size = (Math.Max(byteLength, 1) + Alignment - 1) / Alignment * Alignment;
        int at = IndexOf(size, 0);
        GpuSegment segment = at < free.Count ? free[at] : Grow(size, purpose);
        Remove(segment);
        if (segment.Size > size)
        {
            GpuSegment rest = new(segment.Block, segment.Offset + size, segment.Size - size)
            {
                Previous = segment,
                Next = segment.Next,
                LastUse = segment.LastUse,
            };
            if (segment.Next is not null)
            {
                segment.Next.Previous = rest;
            }

            segment.Next = rest;
            segment.Size = size;
            Add(rest);
        }

        segment.Used = true;
        usedBytes[(int)purpose] += size;
        MostUsedBytes = Math.Max(MostUsedBytes, UsedBytes);
        return segment;
    }

    /// <summary>Takes a segment back.</summary>
    public void Return(GpuSegment segment, MemoryPurpose purpose)
    {
        segment.Used = false;
        usedBytes[(int)purpose] -= segment.Size;
        if (segment.Next is { Used: false } next)
        {
            Remove(next);
            Join(segment, next);
        }

        if (segment.Previous is { Used: false } previous)
        {
            Remove(previous);
            Join(previous, segment);
            segment = previous;
        }

        Add(segment);
    }

    /// <summary>Gives everything back to the driver; nothing may use it any more.</summary>
    public void FreeAll()
    {
        foreach (GpuBlock block in blocks)
        {
            block.Free();
        }

        blocks.Clear();
        free.Clear();
        BlockBytes = 0;
    }

    private static void Join(GpuSegment first, GpuSegment second)
    {
        first.Size += second.Size;
        first.LastUse = Math.Max(first.LastUse, second.LastUse);
        first.Next = second.Next;
        if (second.Next is not null)
        {
            second.Next.Previous = first;
        }
    }

    /// <summary>Where in the list a segment of this size and place is, or would be.</summary>
    private int IndexOf(long size, ulong address)
    {
        int low = 0, high = free.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            GpuSegment segment = free[middle];
            bool before = segment.Size < size || (segment.Size == size && segment.Address < address);
            (low, high) = before ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Add(GpuSegment segment) => free.Insert(IndexOf(segment.Size, segment.Address), segment);

    private void Remove(GpuSegment segment) => free.RemoveAt(IndexOf(segment.Size, segment.Address));

    private GpuSegment Grow(long size, MemoryPurpose purpose)
    {
        long wanted = size > blockSize / 2 ? size : blockSize;
        if (BlockBytes + wanted > (long)(MostUsedBytes * Slack) + (2 * blockSize))
        {
            FreeEmptyBlocks();
        }

        GpuBlock? block = TryAllocate(wanted);
        if (block is null)
        {
            FreeEmptyBlocks();
            block = TryAllocate(wanted) ?? TryAllocate(size) ?? throw GpuMemoryMessage.Exhausted(device, size, purpose, usedBytes);
        }

        blocks.Add(block);
        BlockBytes += block.Size;
        Add(block.First);
        return block.First;
    }

    private GpuBlock? TryAllocate(long size) =>
        size > device.Info.Capabilities.MaxAllocation || BlockBytes + size > limit ? null : GpuBlock.TryAllocate(device, size, kinds);

    private void FreeEmptyBlocks()
    {
        if (!blocks.Exists(block => block.IsEmpty))
        {
            return;
        }

        waitForAll();
        foreach (GpuBlock block in blocks.Where(block => block.IsEmpty))
        {
            Remove(block.First);
            BlockBytes -= block.Size;
            block.Free();
        }

        blocks.RemoveAll(block => block.IsEmpty);
    }
}
