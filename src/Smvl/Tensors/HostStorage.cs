using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Smvl.Tensors;

/// <summary>Memory that the CPU addresses: native memory of our own, or a part of a mapped file.</summary>
internal abstract unsafe class HostStorage : Storage
{
    protected HostStorage(byte* pointer, long byteLength)
        : base(byteLength) => Pointer = pointer;

    public byte* Pointer { get; }

    internal override void Read(long offset, Span<byte> destination) => new ReadOnlySpan<byte>(Pointer + offset, destination.Length).CopyTo(destination);
}

/// <summary>64-byte aligned native memory, freed at the latest by the collector.</summary>
internal sealed unsafe class NativeStorage : HostStorage
{
    private bool freed;

    private NativeStorage(byte* pointer, long byteLength)
        : base(pointer, byteLength)
    {
    }

    ~NativeStorage() => Free();

    /// <exception cref="OutOfMemoryException">the system has none</exception>
    public static NativeStorage Allocate(long byteLength)
    {
        byte* pointer = MemoryPages.AreFor(byteLength)
            ? MemoryPages.Map(byteLength)
            : (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(byteLength, 1), 64);
        return new NativeStorage(pointer, byteLength);
    }

    internal override void Release() => Free();

    public void Free()
    {
        if (!freed)
        {
            freed = true;
            if (MemoryPages.AreFor(ByteLength))
            {
                MemoryPages.Unmap(Pointer, ByteLength);
            }
            else
            {
                NativeMemory.AlignedFree(Pointer);
            }

            GC.SuppressFinalize(this);
        }
    }
}

/// <summary>A whole file mapped read-only; its tensors are views of it and the pages are loaded when first touched.</summary>
internal sealed unsafe class MappedStorage : HostStorage
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    private MappedStorage(MemoryMappedFile file, MemoryMappedViewAccessor view, byte* pointer, long byteLength)
        : base(pointer, byteLength)
    {
        this.file = file;
        this.view = view;
    }

    /// <param name="path">an existing, not empty file</param>
    public static MappedStorage Open(string path)
    {
        long length = FileLength.Of(path);
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        MemoryMappedViewAccessor view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        return new MappedStorage(file, view, pointer + view.PointerOffset, length);
    }

    /// <summary>Gives the whole pages of a part back; they are loaded again when next touched.</summary>
    public void SetAside(long start, long length) => MemoryPages.SetAside(Pointer + start, length);

    internal override void Release()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
