namespace Smvl.Tensors;

/// <summary>
/// Memory by the part: large blocks are cut into segments, a request takes the smallest free one that holds it, and what is given back
/// grows together with free neighbours (best fit with coalescing: Wilson et al., Dynamic Storage Allocation, 1995). So a step after the
/// first allocates next to nothing, also where its texts are longer or shorter than the last one's. Empty blocks go back before new ones
/// are made that would exceed the most that was in use at once. The same requests in the same order get the same segments. One thread at
/// a time calls it.
/// </summary>
/// <param name="blockSize">bytes of a block; what takes more than half of it has a block of its own</param>
/// <param name="slack">bytes by which all blocks may exceed so much in use before empty ones go back; default: none</param>
/// <param name="tryAllocate">a block of so many bytes, or null where there is no more memory</param>
/// <param name="beforeFree">is called before empty blocks go back</param>
internal sealed class SegmentedMemory<TBlock>(
    long blockSize, Func<long, TBlock?> tryAllocate, Func<long, long>? slack = null, Action? beforeFree = null)
    where TBlock : MemoryBlock
{
    /// <summary>Bytes to whose multiple every segment is rounded up.</summary>
    public const long Alignment = 256;

    /// <summary>The first segment of each block.</summary>
    private readonly List<MemorySegment<TBlock>> blocks = [];

    /// <summary>By size, then by place.</summary>
    private readonly List<MemorySegment<TBlock>> free = [];

    private long number;

    /// <summary>Bytes of all used segments.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>The most bytes of used segments at once.</summary>
    public long MostUsedBytes { get; private set; }

    /// <summary>Bytes of all blocks.</summary>
    public long BlockBytes { get; private set; }

    /// <summary>Bytes of all blocks as far as they were ever used.</summary>
    public long ReachedBytes { get; private set; }

    /// <summary>A segment of at least so many bytes, or null where there is no more memory.</summary>
    public MemorySegment<TBlock>? TryTake(long byteLength)
    {
        long size = (Math.Max(byteLength, 1) + Alignment - 1) / Alignment * Alignment;
        int at = IndexOf(size, 0, 0);
        if ((at < free.Count ? free[at] : Grow(size)) is not { } segment)
        {
            return null;
        }

        Remove(segment);
        if (segment.Size > size)
        {
            MemorySegment<TBlock> rest = new(segment.Block, segment.Offset + size, segment.Size - size)
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
        UsedBytes += size;
        MostUsedBytes = Math.Max(MostUsedBytes, UsedBytes);
        long more = segment.Offset + size - segment.Block.Reached;
        if (more > 0)
        {
            segment.Block.Reached += more;
            ReachedBytes += more;
        }

        return segment;
    }

    /// <summary>Takes a segment back.</summary>
    public void Return(MemorySegment<TBlock> segment)
    {
        segment.Used = false;
        UsedBytes -= segment.Size;
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

    /// <summary>Gives back all blocks of which nothing is used.</summary>
    public void FreeEmptyBlocks()
    {
        if (!blocks.Exists(IsEmpty))
        {
            return;
        }

        beforeFree?.Invoke();
        foreach (MemorySegment<TBlock> first in blocks.Where(IsEmpty))
        {
            Remove(first);
            BlockBytes -= first.Block.Size;
            ReachedBytes -= first.Block.Reached;
            first.Block.Free();
        }

        blocks.RemoveAll(IsEmpty);
    }

    /// <summary>Gives back all blocks; nothing may use any of them any more.</summary>
    public void FreeAll()
    {
        foreach (MemorySegment<TBlock> first in blocks)
        {
            first.Block.Free();
        }

        blocks.Clear();
        free.Clear();
        (BlockBytes, ReachedBytes, UsedBytes) = (0, 0, 0);
    }

    private static bool IsEmpty(MemorySegment<TBlock> first) => !first.Used && first.Next is null;

    private static void Join(MemorySegment<TBlock> first, MemorySegment<TBlock> second)
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
    private int IndexOf(long size, long block, long offset)
    {
        int low = 0, high = free.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            MemorySegment<TBlock> segment = free[middle];
            bool before = (segment.Size, segment.Block.Number, segment.Offset).CompareTo((size, block, offset)) < 0;
            (low, high) = before ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private int IndexOf(MemorySegment<TBlock> segment) => IndexOf(segment.Size, segment.Block.Number, segment.Offset);

    private void Add(MemorySegment<TBlock> segment) => free.Insert(IndexOf(segment), segment);

    private void Remove(MemorySegment<TBlock> segment) => free.RemoveAt(IndexOf(segment));

    private MemorySegment<TBlock>? Grow(long size)
    {
        long wanted = size > blockSize / 2 ? size : blockSize;
        long most = Math.Max(MostUsedBytes, UsedBytes + size);
        if (BlockBytes + wanted > most + (slack?.Invoke(most) ?? 0))
        {
            FreeEmptyBlocks();
        }

        TBlock? block = tryAllocate(wanted);
        if (block is null)
        {
            FreeEmptyBlocks();
            block = tryAllocate(wanted) ?? tryAllocate(size);
        }

        if (block is null)
        {
            return null;
        }

        block.Number = ++number;
        BlockBytes += block.Size;
        MemorySegment<TBlock> first = new(block, 0, block.Size);
        blocks.Add(first);
        Add(first);
        return first;
    }
}
