using System.Diagnostics;

namespace Smvl.Tensors;

/// <summary>
/// A dense row-major array in some backend's memory. It has no arithmetic and shows no memory: <see cref="Backend"/> does
/// both. A tensor made by <see cref="Backend.Allocate(DType, Shape)"/> owns its memory and gives it back when disposed; views never do.
/// </summary>
public sealed class Tensor : IDisposable
{
    private readonly bool owner;
    private bool disposed;

    internal Tensor(Storage storage, long byteOffset, DType dtype, Shape shape, bool owner)
    {
        Debug.Assert(byteOffset >= 0 && byteOffset + dtype.Bytes(shape.Count) <= storage.ByteLength, "tensor outside its storage");
        Storage = storage;
        ByteOffset = byteOffset;
        DType = dtype;
        Shape = shape;
        this.owner = owner;
    }

    public DType DType { get; }

    public Shape Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Number of bytes.</summary>
    public long ByteLength => DType.Bytes(Count);

    internal Storage Storage { get; }

    internal long ByteOffset { get; }

    /// <summary>Rows <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> of the first axis, as a view.</summary>
    public Tensor Slice(int start, int count)
    {
        if (start < 0 || count < 0 || start + count > Shape[0])
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"rows {start} to {start + count} of {Shape}");
        }

        long[] dims = Shape.Dims.ToArray();
        long rowBytes = dims[0] == 0 ? 0 : ByteLength / dims[0];
        dims[0] = count;
        return new Tensor(Storage, ByteOffset + (start * rowBytes), DType, new Shape(dims), owner: false);
    }

    /// <summary>The same elements under another shape, as a view.</summary>
    public Tensor View(params ReadOnlySpan<long> dims)
    {
        Shape shape = new(dims);
        if (shape.Count != Count)
        {
            throw new ArgumentException($"{Shape} cannot be viewed as {shape}");
        }

        return new Tensor(Storage, ByteOffset, DType, shape, owner: false);
    }

    /// <summary>Gives the memory back, once; a view does nothing.</summary>
    public void Dispose()
    {
        if (owner && !disposed)
        {
            disposed = true;
            Storage.Release();
        }
    }

    public override string ToString() => $"{DType}{Shape}";
}
