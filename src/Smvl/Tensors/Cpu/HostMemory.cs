using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Smvl.Tensors.Cpu;

/// <summary>The CPU backend's look inside a tensor; nothing outside this folder uses it.</summary>
internal static unsafe class HostMemory
{
    /// <summary>The elements in row-major order; valid while the tensor's owner lives.</summary>
    public static Span<T> Span<T>(this Tensor tensor)
        where T : unmanaged =>
        MemoryMarshal.CreateSpan(ref Unsafe.AsRef<T>(tensor.Pointer<T>()), checked((int)tensor.Count));

    /// <summary>Row <paramref name="index"/> of the tensor read as a matrix of its last axis.</summary>
    public static Span<T> Row<T>(this Tensor tensor, int index)
        where T : unmanaged
    {
        int width = tensor.Shape.Width;
        return MemoryMarshal.CreateSpan(ref Unsafe.AsRef<T>(tensor.Pointer<T>() + ((long)index * width)), width);
    }

    public static T* Pointer<T>(this Tensor tensor)
        where T : unmanaged
    {
        Debug.Assert(sizeof(T) == tensor.DType.Size(), $"{tensor} read as {typeof(T)}");
        return (T*)tensor.Origin();
    }

    /// <summary>The first byte, of any type.</summary>
    public static byte* Origin(this Tensor tensor) => ((HostStorage)tensor.Storage).Pointer + tensor.ByteOffset;

    /// <summary>The bytes of elements <paramref name="start"/> and on, whole blocks.</summary>
    public static Span<byte> Bytes(this Tensor tensor, long start, int count) =>
        new(tensor.Origin() + tensor.DType.Bytes(start), (int)tensor.DType.Bytes(count));
}
