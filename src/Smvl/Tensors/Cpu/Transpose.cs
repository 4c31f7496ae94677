using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Turns lanes that lie apart in memory, each with its depth side by side, into lanes side by side: blocks of 16, 8 or 4 lanes by
/// as many 32-bit words in registers, so that every store writes all lanes of one step of depth. A word holds one F32 or two
/// 16-bit elements. Each method starts at depth 0 and returns how much depth it has done; the rest is less than a block.
/// </summary>
internal static unsafe class Transpose
{
    /// <param name="destination">lanes of depth 0; depth d lies d · <paramref name="width"/> floats behind</param>
    /// <param name="rows">address of each of the 16 lanes</param>
    /// <param name="ahead">distance in bytes to the lanes that are turned next; they are prefetched</param>
    /// <param name="depth">elements of each lane</param>
    /// <param name="width">floats of the panel's lanes, at least 16</param>
    /// <typeparam name="TElement">stored type</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Sixteen<TElement>(float* destination, byte** rows, long ahead, int depth, int width)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size, done = 0;
        for (; done <= depth - (16 * perWord); done += 16 * perWord, destination += 16L * perWord * width)
        {
            long at = (long)done * TElement.Size;
            (Vector512<uint> a0, Vector512<uint> a1, Vector512<uint> a2, Vector512<uint> a3) = Turn512(rows, at, ahead);
            (Vector512<uint> b0, Vector512<uint> b1, Vector512<uint> b2, Vector512<uint> b3) = Turn512(rows + 4, at, ahead);
            (Vector512<uint> c0, Vector512<uint> c1, Vector512<uint> c2, Vector512<uint> c3) = Turn512(rows + 8, at, ahead);
            (Vector512<uint> d0, Vector512<uint> d1, Vector512<uint> d2, Vector512<uint> d3) = Turn512(rows + 12, at, ahead);
            Quarters<TElement>(destination, a0, b0, c0, d0, width);
            Quarters<TElement>(destination + ((long)perWord * width), a1, b1, c1, d1, width);
            Quarters<TElement>(destination + (2L * perWord * width), a2, b2, c2, d2, width);
            Quarters<TElement>(destination + (3L * perWord * width), a3, b3, c3, d3, width);
        }

        return done;
    }

    /// <summary>The same for eight lanes; <paramref name="width"/> at least 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Eight<TElement>(float* destination, byte** rows, long ahead, int depth, int width)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size, done = 0;
        for (; done <= depth - (8 * perWord); done += 8 * perWord, destination += 8L * perWord * width)
        {
            long at = (long)done * TElement.Size;
            (Vector256<uint> a0, Vector256<uint> a1, Vector256<uint> a2, Vector256<uint> a3) = Turn256(rows, at, ahead);
            (Vector256<uint> b0, Vector256<uint> b1, Vector256<uint> b2, Vector256<uint> b3) = Turn256(rows + 4, at, ahead);
            Halves<TElement>(destination, a0, b0, width);
            Halves<TElement>(destination + ((long)perWord * width), a1, b1, width);
            Halves<TElement>(destination + (2L * perWord * width), a2, b2, width);
            Halves<TElement>(destination + (3L * perWord * width), a3, b3, width);
        }

        return done;
    }

    /// <summary>The same for four lanes, of which a panel of 6 takes two from the last four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Four<TElement>(float* destination, byte** rows, int depth, int width, bool whole)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size, done = 0;
        for (; done <= depth - (4 * perWord); done += 4 * perWord)
        {
            long at = (long)done * TElement.Size;
            Vector128<uint> a = Vector128.Load((uint*)(rows[0] + at)), b = Vector128.Load((uint*)(rows[1] + at));
            Vector128<uint> c = Vector128.Load((uint*)(rows[2] + at)), d = Vector128.Load((uint*)(rows[3] + at));
            (Vector128<ulong> abLow, Vector128<ulong> abHigh) = (ZipLow(a, b).AsUInt64(), ZipHigh(a, b).AsUInt64());
            (Vector128<ulong> cdLow, Vector128<ulong> cdHigh) = (ZipLow(c, d).AsUInt64(), ZipHigh(c, d).AsUInt64());
            destination = Put<TElement>(destination, ZipLow(abLow, cdLow).AsUInt32(), width, whole);
            destination = Put<TElement>(destination, ZipHigh(abLow, cdLow).AsUInt32(), width, whole);
            destination = Put<TElement>(destination, ZipLow(abHigh, cdHigh).AsUInt32(), width, whole);
            destination = Put<TElement>(destination, ZipHigh(abHigh, cdHigh).AsUInt32(), width, whole);
        }

        return done;
    }

    /// <summary>Sixteen words of four lanes; quarter q of result j is word 4q + j of the four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint> W0, Vector512<uint> W1, Vector512<uint> W2, Vector512<uint> W3) Turn512(byte** rows, long at, long ahead)
    {
        Ahead(rows, at + ahead);
        Vector512<uint> a = Avx512F.LoadVector512((uint*)(rows[0] + at)), b = Avx512F.LoadVector512((uint*)(rows[1] + at));
        Vector512<uint> c = Avx512F.LoadVector512((uint*)(rows[2] + at)), d = Avx512F.LoadVector512((uint*)(rows[3] + at));
        Vector512<ulong> abLow = Avx512F.UnpackLow(a, b).AsUInt64(), abHigh = Avx512F.UnpackHigh(a, b).AsUInt64();
        Vector512<ulong> cdLow = Avx512F.UnpackLow(c, d).AsUInt64(), cdHigh = Avx512F.UnpackHigh(c, d).AsUInt64();
        return (
            Avx512F.UnpackLow(abLow, cdLow).AsUInt32(), Avx512F.UnpackHigh(abLow, cdLow).AsUInt32(),
            Avx512F.UnpackLow(abHigh, cdHigh).AsUInt32(), Avx512F.UnpackHigh(abHigh, cdHigh).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> W0, Vector256<uint> W1, Vector256<uint> W2, Vector256<uint> W3) Turn256(byte** rows, long at, long ahead)
    {
        Ahead(rows, at + ahead);
        Vector256<uint> a = Vector256.Load((uint*)(rows[0] + at)), b = Vector256.Load((uint*)(rows[1] + at));
        Vector256<uint> c = Vector256.Load((uint*)(rows[2] + at)), d = Vector256.Load((uint*)(rows[3] + at));
        Vector256<ulong> abLow = Avx2.UnpackLow(a, b).AsUInt64(), abHigh = Avx2.UnpackHigh(a, b).AsUInt64();
        Vector256<ulong> cdLow = Avx2.UnpackLow(c, d).AsUInt64(), cdHigh = Avx2.UnpackHigh(c, d).AsUInt64();
        return (
            Avx2.UnpackLow(abLow, cdLow).AsUInt32(), Avx2.UnpackHigh(abLow, cdLow).AsUInt32(),
            Avx2.UnpackLow(abHigh, cdHigh).AsUInt32(), Avx2.UnpackHigh(abHigh, cdHigh).AsUInt32());
    }

    // the rows are short streams: the hardware does not run ahead from one to the next by itself
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte** rows, long at)
    {
        Sse.Prefetch0(rows[0] + at);
        Sse.Prefetch0(rows[1] + at);
        Sse.Prefetch0(rows[2] + at);
        Sse.Prefetch0(rows[3] + at);
    }

    /// <summary>Quarter q of the four vectors side by side is the word 4q of this depth: stored at four times its steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarters<TElement>(
        float* destination, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, int width)
        where TElement : IElement
    {
        long next = 4L * (4 / TElement.Size) * width;
        Vector512<uint> abEven = Avx512F.Shuffle4x128(a, b, 0x88), cdEven = Avx512F.Shuffle4x128(c, d, 0x88);
        Vector512<uint> abOdd = Avx512F.Shuffle4x128(a, b, 0xDD), cdOdd = Avx512F.Shuffle4x128(c, d, 0xDD);
        Put<TElement>(destination, Avx512F.Shuffle4x128(abEven, cdEven, 0x88), width);
        Put<TElement>(destination + next, Avx512F.Shuffle4x128(abOdd, cdOdd, 0x88), width);
        Put<TElement>(destination + (2 * next), Avx512F.Shuffle4x128(abEven, cdEven, 0xDD), width);
        Put<TElement>(destination + (3 * next), Avx512F.Shuffle4x128(abOdd, cdOdd, 0xDD), width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves<TElement>(float* destination, Vector256<uint> a, Vector256<uint> b, int width)
        where TElement : IElement
    {
        long next = 4L * (4 / TElement.Size) * width;
        Put<TElement>(destination, Avx2.Permute2x128(a, b, 0x20), width);
        Put<TElement>(destination + next, Avx2.Permute2x128(a, b, 0x31), width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TElement>(float* destination, Vector512<uint> words, int width)
        where TElement : IElement
    {
        Avx512F.Store(destination, TElement.Expand(words, 0));
        if (TElement.Size == 2)
        {
            Avx512F.Store(destination + width, TElement.Expand(words, 1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TElement>(float* destination, Vector256<uint> words, int width)
        where TElement : IElement
    {
        TElement.Expand(words, 0).Store(destination);
        if (TElement.Size == 2)
        {
            TElement.Expand(words, 1).Store(destination + width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Put<TElement>(float* destination, Vector128<uint> words, int width, bool whole)
        where TElement : IElement
    {
        for (int part = 0; part < 4 / TElement.Size; part++, destination += width)
        {
            Vector128<float> lanes = TElement.Expand(words, part);
            if (whole)
            {
                lanes.Store(destination);
            }
            else
            {
                lanes.GetLower().Store(destination);
            }
        }

        return destination;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> ZipLow(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> ZipHigh(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
