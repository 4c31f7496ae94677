namespace Smvl.Tensors.Cpu;

/// <summary>A part of a block of native memory. Goes back to its pool when released, at the latest by the collector.</summary>
internal sealed unsafe class PooledStorage(StoragePool pool, MemorySegment<HostBlock> segment, long byteLength)
    : HostStorage(segment.Block.Pointer + segment.Offset, byteLength)
{
    ~PooledStorage() => pool.Return(segment);

    internal override void Release()
    {
        pool.Return(segment);
        GC.SuppressFinalize(this);
    }
}
