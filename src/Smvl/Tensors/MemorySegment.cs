namespace Smvl.Tensors;

/// <summary>A free or used part of a block; a block's segments follow each other without gaps.</summary>
internal sealed class MemorySegment<TBlock>(TBlock block, long offset, long size)
    where TBlock : MemoryBlock
{
    public TBlock Block { get; } = block;

    /// <summary>Bytes from the block's start.</summary>
    public long Offset { get; } = offset;

    /// <summary>Bytes.</summary>
    public long Size { get; set; } = size;

    public bool Used { get; set; }

    /// <summary>On a device the last batch of commands that touches it; the host may touch it once that is done.</summary>
    public ulong LastUse { get; set; }

    public MemorySegment<TBlock>? Previous { get; set; }

    public MemorySegment<TBlock>? Next { get; set; }
}
