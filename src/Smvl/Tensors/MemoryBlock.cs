namespace Smvl.Tensors;

/// <summary>One allocation of a system's or a driver's, which <see cref="SegmentedMemory{TBlock}"/> cuts into segments.</summary>
/// <param name="size">in bytes</param>
internal abstract class MemoryBlock(long size)
{
    /// <summary>Bytes.</summary>
    public long Size { get; } = size;

    /// <summary>Which of its memory's blocks this is, from 1 on; never given twice.</summary>
    public long Number { get; set; }

    /// <summary>Bytes from its start on of which any were ever in use: the rest was never touched, and takes room only among the addresses.</summary>
    public long Reached { get; set; }

    /// <summary>Gives the memory back; nothing may use it any more.</summary>
    public abstract void Free();
}
