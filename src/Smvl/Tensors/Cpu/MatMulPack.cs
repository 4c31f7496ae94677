using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// One side of a product as the kernels see it: lanes (rows of A, columns of B) by depth (the summed axis), strides in bytes, one
/// of them the size of an element.
/// </summary>
internal readonly unsafe record struct Operand(IntPtr Origin, DType DType, long LaneStride, long DepthStride)
{
    /// <summary>A matrix with lanes as rows.</summary>
    public static Operand Rows(void* origin, DType dtype, long width) => new((IntPtr)origin, dtype, width * dtype.Size(), dtype.Size());

    /// <summary>A matrix with lanes as columns.</summary>
    public static Operand Columns(void* origin, DType dtype, long width) => new((IntPtr)origin, dtype, dtype.Size(), width * dtype.Size());
}

/// <summary>
/// Copies a part of an operand into panels of <c>width</c> lanes: panel after panel, for each step of depth the lanes side by
/// side, as F32. Lanes past the end of a last panel hold anything finite or not: the tile drops what they give.
/// Compiled fully at once, like the tiles: a first step should not wait for the runtime to find its loops hot.
/// </summary>
internal static unsafe class MatMulPack
{
    public static void Panels(float* panels, in Operand source, int lane, int lanes, long depthStart, int depth, int width)
    {
        switch (source.DType)
        {
            case DType.F32:
                Panels<ElementF32>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            case DType.BF16:
                Panels<ElementBF16>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            default:
                Panels<ElementF16>(panels, source, lane, lanes, depthStart, depth, width);
                break;
        }
    }

    private static void Panels<TElement>(float* panels, in Operand source, int lane, int lanes, long depthStart, int depth, int width)
        where TElement : IElement
    {
        byte* first = (byte*)source.Origin + (lane * source.LaneStride) + (depthStart * source.DepthStride);
        if (source.LaneStride == TElement.Size)
        {
            LanesAdjacent<TElement>(panels, first, source.DepthStride, lanes, depth, width);
            return;
        }

        for (int start = 0; start < lanes; start += width)
        {
            Transpose<TElement>(panels + ((long)start * depth), first + (start * source.LaneStride), source.LaneStride, Math.Min(width, lanes - start), depth, width);
        }
    }

    /// <summary>Lanes lie side by side in memory: rows are read whole and dealt to the panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LanesAdjacent<TElement>(float* panels, byte* source, long depthStride, int lanes, int depth, int width)
        where TElement : IElement
    {
        for (int k = 0; k < depth; k++, source += depthStride)
        {
            for (int start = 0; start < lanes; start += width)
            {
                float* destination = panels + ((long)start * depth) + (k * width);
                byte* row = source + ((long)start * TElement.Size);
                int count = Math.Min(width, lanes - start), i = 0;
                for (; Vector128.IsHardwareAccelerated && i <= count - 8; i += 8)
                {
                    TElement.Load8(row + (i * TElement.Size)).Store(destination + i);
                }

                for (; i < count; i++)
                {
                    destination[i] = TElement.At(row + (i * TElement.Size));
                }
            }
        }
    }

    /// <summary>Depth lies side by side in memory: four lanes by four 32-bit words are turned in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose<TElement>(float* panel, byte* source, long laneStride, int lanes, int depth, int width)
        where TElement : IElement
    {
        int perWord = 4 / TElement.Size;
        int turned = Sse2.IsSupported || AdvSimd.Arm64.IsSupported ? depth / (4 * perWord) * (4 * perWord) : 0;
        for (int lane = 0; lane < lanes; lane += 4)
        {
            // a lane past the end reads its neighbour again
            byte* row0 = source + (lane * laneStride);
            byte* row1 = source + (Math.Min(lane + 1, lanes - 1) * laneStride);
            byte* row2 = source + (Math.Min(lane + 2, lanes - 1) * laneStride);
            byte* row3 = source + (Math.Min(lane + 3, lanes - 1) * laneStride);
            float* destination = panel + lane;
            bool whole = lane + 4 <= width;
            int k = 0;
            for (; k < turned; k += 4 * perWord)
            {
                long at = (long)k * TElement.Size;
                Vector128<uint> a = Vector128.Load((uint*)(row0 + at)), b = Vector128.Load((uint*)(row1 + at));
                Vector128<uint> c = Vector128.Load((uint*)(row2 + at)), d = Vector128.Load((uint*)(row3 + at));
                (Vector128<ulong> abLow, Vector128<ulong> abHigh) = (ZipLow(a, b).AsUInt64(), ZipHigh(a, b).AsUInt64());
                (Vector128<ulong> cdLow, Vector128<ulong> cdHigh) = (ZipLow(c, d).AsUInt64(), ZipHigh(c, d).AsUInt64());
                destination = Put<TElement>(destination, ZipLow(abLow, cdLow).AsUInt32(), width, whole);
                destination = Put<TElement>(destination, ZipHigh(abLow, cdLow).AsUInt32(), width, whole);
                destination = Put<TElement>(destination, ZipLow(abHigh, cdHigh).AsUInt32(), width, whole);
                destination = Put<TElement>(destination, ZipHigh(abHigh, cdHigh).AsUInt32(), width, whole);
            }

            for (; k < depth; k++, destination += width)
            {
                long at = (long)k * TElement.Size;
                destination[0] = TElement.At(row0 + at);
                destination[1] = TElement.At(row1 + at);
                if (whole)
                {
                    destination[2] = TElement.At(row2 + at);
                    destination[3] = TElement.At(row3 + at);
                }
            }
        }
    }

    /// <summary>The elements of one word of four lanes; a panel of 6 ends with a group of two.</summary>
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
