namespace Smvl.Tensors.Gpu;

/// <summary>A free or used part of a block; a block's segments follow each other without gaps.</summary>
internal sealed class GpuSegment(GpuBlock block, long offset, long size)
{
    public GpuBlock Block { get; } = block;

    public long Offset { get; } = offset;

    public long Size { get; set; } = size;

    /// <summary>The first byte's device address.</summary>
    public ulong Address => Block.Address + (ulong)Offset;

    public bool Used { get; set; }

    /// <summary>The last batch of commands that touches it; the host may touch it once that is done.</summary>
    public ulong LastUse { get; set; }

    public GpuSegment? Previous { get; set; }

    public GpuSegment? Next { get; set; }
}
