namespace Smvl.Tensors;

/// <summary>
/// A block of memory that tensors lie in. Only a backend looks inside: the CPU's storages are <see cref="HostStorage"/>,
/// another backend has its own kind.
/// </summary>
public abstract class Storage
{
    protected Storage(long byteLength) => ByteLength = byteLength;

    /// <summary>Length in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Copies bytes from <paramref name="offset"/> on into host memory, behind all work that was asked for.</summary>
    internal abstract void Read(long offset, Span<byte> destination);

    /// <summary>Called once, when the owning tensor is disposed.</summary>
    internal abstract void Release();
}
