using System.Runtime.InteropServices;

namespace Smvl.Tensors;

/// <summary>
/// Large memory straight from the system on Linux: in huge pages where it gives them, because matrices are read with strides of small
/// pages, each a miss of the TLB; and back to the system at once when freed, where malloc would keep what lies between other blocks.
/// </summary>
internal static unsafe partial class MemoryPages
{
    /// <summary>From this many bytes on a block is mapped by itself.</summary>
    private const long LargeFrom = 4L << 20;

    /// <summary>Bytes.</summary>
    public const long HugePage = 2L << 20;

    // Linux on all of .NET's processors: asm-generic/mman-common.h, mman.h
    private const int ReadWrite = 1 | 2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int AdviseDontNeed = 4;
    private const int AdviseHugePage = 14;

    /// <summary>True where <see cref="SetAside"/> gives pages back.</summary>
    public static bool GoBack => OperatingSystem.IsLinux();

    /// <summary>True where <see cref="Map"/> is the way to a block of this length.</summary>
    public static bool AreFor(long length) => length >= LargeFrom && OperatingSystem.IsLinux();

    /// <summary>New zeroed memory, aligned to huge pages; goes back with <see cref="Unmap"/> of the same length.</summary>
    /// <exception cref="OutOfMemoryException">the system has none</exception>
    public static byte* Map(long length)
    {
        // as much more as makes an aligned start certain; the ends go back
        long whole = Whole(length);
        byte* start = MapPages(null, (nuint)(whole + HugePage), ReadWrite, PrivateAnonymous, -1, 0);
        if (start == (byte*)-1)
        {
            throw new OutOfMemoryException($"the system has no {length} bytes of memory");
        }

        byte* aligned = (byte*)(((nint)start + HugePage - 1) / HugePage * HugePage);
        Return(start, aligned - start);
        Return(aligned + whole, start + HugePage - aligned);

        // only advice: a system that does not follow it has small pages
        _ = Advise(aligned, (nuint)whole, AdviseHugePage);
        return aligned;
    }

    public static void Unmap(byte* start, long length) => Return(start, Whole(length));

    /// <summary>
    /// The whole pages within a part of a read-only mapped file are not read for a while: they leave this process and stay in the
    /// system's cache while it has room. On memory of our own this would lose what it holds.
    /// </summary>
    public static void SetAside(byte* start, long length)
    {
        long page = Environment.SystemPageSize, first = ((nint)start + page - 1) / page * page, end = ((nint)start + (nint)length) / page * page;
        if (GoBack && end > first)
        {
            _ = Advise((byte*)first, (nuint)(end - first), AdviseDontNeed);
        }
    }

    private static long Whole(long length) => (length + Environment.SystemPageSize - 1) / Environment.SystemPageSize * Environment.SystemPageSize;

    private static void Return(byte* start, long length)
    {
        if (length > 0)
        {
            _ = UnmapPages(start, (nuint)length);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MapPages(byte* start, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(byte* start, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* start, nuint length, int advice);
}
