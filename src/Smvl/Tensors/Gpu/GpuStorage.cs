namespace Smvl.Tensors.Gpu;

/// <summary>A part of a block of device memory, 256-byte aligned. Goes back to its allocator when released.</summary>
internal sealed class GpuStorage : Storage
{
    private readonly GpuMemory memory;

    internal GpuStorage(GpuMemory memory, GpuSegment segment, long byteLength)
        : base(byteLength)
    {
        this.memory = memory;
        Segment = segment;
        Address = segment.Address;
    }

    /// <summary>The device address of the first byte, as shaders take it.</summary>
    public ulong Address { get; }

    internal GpuSegment Segment { get; }

    /// <summary>Safe while work on it is queued: what is put there next is ordered behind that work.</summary>
    internal override void Release() => memory.Free(this);
}
