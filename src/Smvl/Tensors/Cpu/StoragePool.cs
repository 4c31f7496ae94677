namespace Smvl.Tensors.Cpu;

/// <summary>Native memory by the part, for all threads.</summary>
internal sealed class StoragePool : IDisposable
{
    /// <summary>Bytes of a block: of small tensors many share one, in huge pages where the system has them.</summary>
    public const long BlockSize = 16L << 20;

    private readonly Lock gate = new();
    private readonly SegmentedMemory<HostBlock> memory = new(BlockSize, HostBlock.TryAllocate);
    private bool disposed;

    /// <summary>Bytes that storages have, and that were used before and are kept for the next.</summary>
    public long ByteLength
    {
        get
        {
            lock (gate)
            {
                return memory.ReachedBytes;
            }
        }
    }

    /// <summary>Bytes that storages have.</summary>
    public long UsedBytes
    {
        get
        {
            lock (gate)
            {
                return memory.UsedBytes;
            }
        }
    }

    /// <summary>The most bytes that storages had at once.</summary>
    public long MostUsedBytes
    {
        get
        {
            lock (gate)
            {
                return memory.MostUsedBytes;
            }
        }
    }

    /// <summary>Memory with undefined contents, aligned to <see cref="SegmentedMemory{TBlock}.Alignment"/> bytes.</summary>
    /// <exception cref="OutOfMemoryException">the system has none</exception>
    public PooledStorage Rent(long byteLength)
    {
        lock (gate)
        {
            MemorySegment<HostBlock> segment = memory.TryTake(byteLength)
                ?? throw new OutOfMemoryException($"the system has no {byteLength} bytes of memory beside the {memory.UsedBytes} that tensors have");
            return new PooledStorage(this, segment, byteLength);
        }
    }

    /// <summary>Takes a storage's memory back.</summary>
    internal void Return(MemorySegment<HostBlock> segment)
    {
        lock (gate)
        {
            memory.Return(segment);
            if (disposed)
            {
                memory.FreeEmptyBlocks();
            }
        }
    }

    /// <summary>Gives back what nobody uses; the rest follows when it is released.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            memory.FreeEmptyBlocks();
        }
    }
}
