using System.Buffers;
using Smvl.Tensors;

namespace Smvl;

/// <summary>
/// Bytes outside the collector's heap, with undefined contents at first: for what is large and soon over, as pages, pictures and tiles
/// are. Whoever asks for them disposes them once they are read, and large ones go back to the system at that moment; forgotten ones are
/// freed with the collector's next look at them.
/// </summary>
internal sealed unsafe class NativeBytes : MemoryManager<byte>
{
    private readonly NativeStorage storage;
    private bool disposed;

    /// <param name="length">bytes, 0 or more</param>
    public NativeBytes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        storage = NativeStorage.Allocate(length);
    }

    public int Length => (int)storage.ByteLength;

    /// <summary>Valid while this object is referenced and not disposed.</summary>
    public Span<byte> Span => GetSpan();

    /// <summary>A copy.</summary>
    public static NativeBytes Of(ReadOnlySpan<byte> bytes)
    {
        var copy = new NativeBytes(bytes.Length);
        bytes.CopyTo(copy.Span);
        return copy;
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return new Span<byte>(storage.Pointer, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return new MemoryHandle(storage.Pointer + elementIndex, pinnable: this);
    }

    public override void Unpin()
    {
        // it never moves
    }

    protected override void Dispose(bool disposing)
    {
        disposed = true;
        storage.Free();
    }
}
