using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Device memory by the part. The same requests in the same order get the same addresses, so that a step repeats the commands of the one
/// before. A part may be given out again while queued work uses it, since all work is in one queue and ordered by address. One thread at
/// a time calls it: the device's lock.
/// </summary>
internal sealed class GpuMemory
{
    /// <summary>Blocks may exceed the most that was used at once by this share and two of them: giving one back waits for the device.</summary>
    private const double Slack = 0.1;

    private readonly LogicalDevice device;
    private readonly MemoryProperties[] kinds;
    private readonly long? limit;
    private readonly SegmentedMemory<GpuBlock> memory;
    private readonly long[] usedBytes = new long[Enum.GetValues<MemoryPurpose>().Length];

    /// <param name="device">whose memory</param>
    /// <param name="unified">map it for the host</param>
    /// <param name="blockSize">bytes to ask the driver for at least</param>
    /// <param name="limit">bytes to ask the driver for in all; null for what it has</param>
    /// <param name="waitForAll">returns once no command uses any memory or is kept that does</param>
    public GpuMemory(LogicalDevice device, bool unified, long blockSize, long? limit, Action waitForAll)
    {
        this.device = device;
        this.limit = limit;
        kinds = unified ? [MemoryKinds.Unified] : [MemoryKinds.Device];
        memory = new SegmentedMemory<GpuBlock>(blockSize, TryAllocate, most => (long)(most * Slack) + (2 * blockSize), waitForAll);
    }

    /// <summary>Bytes of all storages.</summary>
    public long UsedBytes => memory.UsedBytes;

    /// <summary>The most bytes of storages at once.</summary>
    public long MostUsedBytes => memory.MostUsedBytes;

    /// <summary>Bytes of all blocks.</summary>
    public long BlockBytes => memory.BlockBytes;

    /// <summary>A segment of at least so many bytes.</summary>
    /// <exception cref="SmvlException">there is no such memory</exception>
    public MemorySegment<GpuBlock> Take(long byteLength, MemoryPurpose purpose)
    {
        MemorySegment<GpuBlock> segment = memory.TryTake(byteLength) ?? throw GpuMemoryMessage.Exhausted(device, byteLength, purpose, usedBytes);
        usedBytes[(int)purpose] += segment.Size;
        return segment;
    }

    /// <summary>Takes a segment back.</summary>
    public void Return(MemorySegment<GpuBlock> segment, MemoryPurpose purpose)
    {
        usedBytes[(int)purpose] -= segment.Size;
        memory.Return(segment);
    }

    /// <summary>Gives everything back to the driver; nothing may use it any more.</summary>
    public void FreeAll() => memory.FreeAll();

    private GpuBlock? TryAllocate(long size) =>
        size > device.Info.Capabilities.MaxAllocation || BlockBytes + size > limit ? null : GpuBlock.TryAllocate(device, size, kinds);
}
