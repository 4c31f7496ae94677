using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Turns lanes that lie apart in memory, each with its depth side by side, into lanes side by side: blocks of 16, 8 or 4 lanes by
/// as many 32-bit words in registers, so that every store writes all lanes of one step of depth. A word holds one F32 or two
/// 16-bit elements, which become F32 on the way.
/// </summary>
internal static unsafe class Transpose
{
    /// <summary>destination[d · stride + lane] = element d of the lane, for d below <paramref name="depth"/>.</summary>
    /// <param name="destination">lanes of depth 0</param>
    /// <param name="stride">floats from one depth to the next</param>
    /// <param name="room">lanes that may be written: those past <paramref name="lanes"/> get anything</param>
    /// <param name="source">first lane</param>
    /// <param name="laneStride">bytes from one lane to the next</param>
    /// <param name="lanes">lanes to turn, at least 1</param>
    /// <param name="depth">elements of each lane, side by side</param>
    /// <typeparam name="TElement">stored type</typeparam>
    public static void Lanes<TElement>(float* destination, int stride, int room, byte* source, long laneStride, int lanes, int depth)
        where TElement : IElement
    {
        byte** rows = stackalloc byte*[16];
        for (int lane = 0; lane < lanes;)
        {
            int left = room - lane;
            int count = Simd512.IsSupported && left >= 16 ? 16 : Avx2.IsSupported && left >= 8 ? 8 : Math.Min(left, 4), from = lane;
            if (Avx2.IsSupported && left == 4 && lane >= 4)
            {
                // twelve lanes end with eight, of which four are there already
                (count, from) = (8, lane - 4);
            }

            for (int i = 0; i < count; i++)
            {
                // a lane past the end reads the last one again
                rows[i] = source + (Math.Min(from + i, lanes - 1) * laneStride);
            }

            float* first = destination + from;
            int done = 0;
            if (count == 16)
            {
                done = Sixteen<TElement>(first, rows, 16 * laneStride, depth, stride);
            }
            else if (count == 8)
            {
                done = Eight<TElement>(first, rows, 8 * laneStride, depth, stride);
            }
            else if (count is 2 or 4 && (Sse2.IsSupported || AdvSimd.Arm64.IsSupported))
            {
                rows[2] = count == 2 ? rows[1] : rows[2];
                rows[3] = count == 2 ? rows[1] : rows[3];
                done = Four<TElement>(first, rows, depth, stride, whole: count == 4);
            }

            for (; done < depth; done++)
            {
                for (int i = 0; i < count; i++)
                {
                    first[((long)done * stride) + i] = TElement.At(rows[i] + ((long)done * TElement.Size));
                }
            }

            lane = from + count;
        }
    }

    /// <summary>
    /// Sixteen lanes at <paramref name="rows"/>; those that lie <paramref name="ahead"/> bytes further are prefetched.
    /// Gives the depth that is done, whole blocks of it; so do the next two.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sixteen<TElement>(float* destination, byte** rows, long ahead, int depth, int stride)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size, done = 0;
        for (; done <= depth - (16 * perWord); done += 16 * perWord, destination += 16L * perWord * stride)
        {
            long at = (long)done * TElement.Size;
            (Vector512<uint> a0, Vector512<uint> a1, Vector512<uint> a2, Vector512<uint> a3) = Turn512(rows, at, ahead);
            (Vector512<uint> b0, Vector512<uint> b1, Vector512<uint> b2, Vector512<uint> b3) = Turn512(rows + 4, at, ahead);
            (Vector512<uint> c0, Vector512<uint> c1, Vector512<uint> c2, Vector512<uint> c3) = Turn512(rows + 8, at, ahead);
            (Vector512<uint> d0, Vector512<uint> d1, Vector512<uint> d2, Vector512<uint> d3) = Turn512(rows + 12, at, ahead);
            Quarters<TElement>(destination, a0, b0, c0, d0, stride);
            Quarters<TElement>(destination + ((long)perWord * stride), a1, b1, c1, d1, stride);
            Quarters<TElement>(destination + (2L * perWord * stride), a2, b2, c2, d2, stride);
            Quarters<TElement>(destination + (3L * perWord * stride), a3, b3, c3, d3, stride);
        }

        return done;
    }

    /// <summary>Eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Eight<TElement>(float* destination, byte** rows, long ahead, int depth, int stride)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size, done = 0;
        for (; done <= depth - (8 * perWord); done += 8 * perWord, destination += 8L * perWord * stride)
        {
            long at = (long)done * TElement.Size;
            (Vector256<uint> a0, Vector256<uint> a1, Vector256<uint> a2, Vector256<uint> a3) = Turn256(rows, at, ahead);
            (Vector256<uint> b0, Vector256<uint> b1, Vector256<uint> b2, Vector256<uint> b3) = Turn256(rows + 4, at, ahead);
            Halves<TElement>(destination, a0, b0, stride);
            Halves<TElement>(destination + ((long)perWord * stride), a1, b1, stride);
            Halves<TElement>(destination + (2L * perWord * stride), a2, b2, stride);
            Halves<TElement>(destination + (3L * perWord * stride), a3, b3, stride);
        }

        return done;
    }

    /// <summary>Four lanes, of which only the first two are written unless <paramref name="whole"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Four<TElement>(float* destination, byte** rows, int depth, int stride, bool whole)
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
            destination = Put<TElement>(destination, ZipLow(abLow, cdLow).AsUInt32(), stride, whole);
            destination = Put<TElement>(destination, ZipHigh(abLow, cdLow).AsUInt32(), stride, whole);
            destination = Put<TElement>(destination, ZipLow(abHigh, cdHigh).AsUInt32(), stride, whole);
            destination = Put<TElement>(destination, ZipHigh(abHigh, cdHigh).AsUInt32(), stride, whole);
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
        float* destination, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, int stride)
        where TElement : IElement
    {
        long next = 4L * (4 / TElement.Size) * stride;
        Vector512<uint> abEven = Avx512F.Shuffle4x128(a, b, 0x88), cdEven = Avx512F.Shuffle4x128(c, d, 0x88);
        Vector512<uint> abOdd = Avx512F.Shuffle4x128(a, b, 0xDD), cdOdd = Avx512F.Shuffle4x128(c, d, 0xDD);
        Put<TElement>(destination, Avx512F.Shuffle4x128(abEven, cdEven, 0x88), stride);
        Put<TElement>(destination + next, Avx512F.Shuffle4x128(abOdd, cdOdd, 0x88), stride);
        Put<TElement>(destination + (2 * next), Avx512F.Shuffle4x128(abEven, cdEven, 0xDD), stride);
        Put<TElement>(destination + (3 * next), Avx512F.Shuffle4x128(abOdd, cdOdd, 0xDD), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves<TElement>(float* destination, Vector256<uint> a, Vector256<uint> b, int stride)
        where TElement : IElement
    {
        long next = 4L * (4 / TElement.Size) * stride;
        Put<TElement>(destination, Avx2.Permute2x128(a, b, 0x20), stride);
        Put<TElement>(destination + next, Avx2.Permute2x128(a, b, 0x31), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TElement>(float* destination, Vector512<uint> words, int stride)
        where TElement : IElement
    {
        Avx512F.Store(destination, TElement.Expand(words, 0));
        if (TElement.Size == 2)
        {
            Avx512F.Store(destination + stride, TElement.Expand(words, 1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TElement>(float* destination, Vector256<uint> words, int stride)
        where TElement : IElement
    {
        TElement.Expand(words, 0).Store(destination);
        if (TElement.Size == 2)
        {
            TElement.Expand(words, 1).Store(destination + stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Put<TElement>(float* destination, Vector128<uint> words, int stride, bool whole)
        where TElement : IElement
    {
        for (int part = 0; part < 4 / TElement.Size; part++, destination += stride)
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
