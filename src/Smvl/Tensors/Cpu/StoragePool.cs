namespace Smvl.Tensors.Cpu;

/// <summary>A pool of native memory.</summary>
/// <param name="leastSlack">as for every pool</param>
internal sealed class StoragePool(long leastSlack = StoragePool.DefaultSlack) : BlockPool<NativeStorage>(NativeStorage.Allocate, leastSlack)
{
    /// <summary>Bytes of freed memory that may in any case be kept.</summary>
    public const long DefaultSlack = 32L << 20;
}
