using System.Runtime.InteropServices;

namespace Smvl.Tensors;

/// <summary>What the system is told about pages of memory. Only advice: where it is not taken, or not known, nothing changes but speed and memory.</summary>
internal static unsafe partial class PageAdvice
{
    /// <summary>From this many bytes on huge pages pay: matrices are read with strides of small pages, each a miss of the TLB.</summary>
    public const long HugeFrom = 4L << 20;

    public const uint HugePage = 2u << 20;

    // Linux: asm-generic/mman-common.h
    private const int DontNeed = 4;
    private const int HugePages = 14;

    /// <summary>The block, aligned to <see cref="HugePage"/>, would like huge pages.</summary>
    public static void Huge(byte* start, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(start, (nuint)(length / HugePage * HugePage), HugePages);
        }
    }

    /// <summary>The whole pages of a read-only mapping of a file are not needed now. On our own memory this would lose what it holds.</summary>
    public static void NotNeeded(byte* start, long length)
    {
        long page = Environment.SystemPageSize, first = ((nint)start + page - 1) / page * page, end = ((nint)start + (nint)length) / page * page;
        if (OperatingSystem.IsLinux() && end > first)
        {
            _ = Advise((byte*)first, (nuint)(end - first), DontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* start, nuint length, int advice);
}
