namespace Smvl.Tensors.Gpu;

/// <summary>A part of a block of device memory, 256-byte aligned. Goes back to its allocator when released.</summary>
internal sealed class GpuStorage : Storage
{
    private readonly GpuDevice device;

    internal GpuStorage(GpuDevice device, MemorySegment<GpuBlock> segment, long byteLength, MemoryPurpose purpose)
        : base(byteLength)
    {
        this.device = device;
        Purpose = purpose;
        Segment = segment;
        Address = segment.Block.Address + (ulong)segment.Offset;
    }

    /// <summary>The device address of the first byte, as shaders take it.</summary>
    public ulong Address { get; }

    public MemoryPurpose Purpose { get; }

    internal MemorySegment<GpuBlock> Segment { get; }

    internal override void Read(long offset, Span<byte> destination) => device.Download(this, offset, destination);

    /// <summary>Safe while work on it is queued: what is put there next is ordered behind that work.</summary>
    internal override void Release() => device.Free(this);
}
