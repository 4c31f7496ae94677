namespace Smvl.Tensors.Cpu;

/// <summary>A block of native memory that storages are cut from; freed at the latest when nobody knows it or any of them any more.</summary>
internal sealed class HostBlock : MemoryBlock
{
    private readonly NativeStorage memory;

    private HostBlock(NativeStorage memory)
        : base(memory.ByteLength) => this.memory = memory;

    public unsafe byte* Pointer => memory.Pointer;

    /// <summary>A block, or null where the system has no such memory.</summary>
    public static HostBlock? TryAllocate(long size)
    {
        try
        {
            return new HostBlock(NativeStorage.Allocate(size));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    public override void Free() => memory.Free();
}
