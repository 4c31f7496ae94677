using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// One side of a product as the kernels see it: lanes (rows of A, columns of B) by depth (the summed axis), strides in bytes, one
/// of them the size of an element, or those of a quantized matrix, whose eight lanes of a panel share its bytes.
/// </summary>
internal readonly unsafe record struct Operand(IntPtr Origin, DType DType, long LaneStride, long DepthStride)
{
    /// <summary>A matrix with lanes as rows.</summary>
    public static Operand Rows(void* origin, DType dtype, long width) => new((IntPtr)origin, dtype, width * dtype.Size(), dtype.Size());

    /// <summary>A quantized matrix with lanes as rows; along a panel it is read unit by unit.</summary>
    public static Operand Rows(PanelStorage panels) => new((IntPtr)panels.Pointer, panels.DType, panels.PanelBytes / UnitParts.Rows, 0);

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
            case DType.F16:
                Panels<ElementF16>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            case DType.Q8_0:
                Units<UnitQ8_0>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            case DType.Q4_0:
                Units<UnitQ4_0>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            case DType.Q4_K:
                Units<UnitQ4_K>(panels, source, lane, lanes, depthStart, depth, width);
                break;
            default:
                Units<UnitQ6_K>(panels, source, lane, lanes, depthStart, depth, width);
                break;
        }
    }

    /// <summary>Quantized weights, eight lanes at a time: lane and width are multiples of eight, depths of a unit's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Units<TUnit>(float* panels, in Operand source, int lane, int lanes, long depthStart, int depth, int width)
        where TUnit : IQuantizedUnit
    {
        for (int start = 0; start < lanes; start += UnitParts.Rows)
        {
            byte* unit = (byte*)source.Origin + ((lane + start) * source.LaneStride) + (depthStart / TUnit.Depth * TUnit.Bytes);
            float* destination = panels + ((long)(start / width * width) * depth) + (start % width);
            for (int k = 0; k < depth; k += TUnit.Depth, unit += TUnit.Bytes, destination += TUnit.Depth * width)
            {
                TUnit.Widen(destination, width, unit);
            }
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
            Transpose.Lanes<TElement>(
                panels + ((long)start * depth), width, width, first + (start * source.LaneStride), source.LaneStride, Math.Min(width, lanes - start), depth);
        }
    }

    /// <summary>
    /// Lanes lie side by side in memory: rows are read whole and dealt to the panels, a few rows at a time so that each panel gets
    /// a run of them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LanesAdjacent<TElement>(float* panels, byte* source, long depthStride, int lanes, int depth, int width)
        where TElement : IElement
    {
        const int run = 8;
        for (int k = 0, rows; k < depth; k += rows, source += rows * depthStride)
        {
            rows = Math.Min(run, depth - k);
            Ahead(source + (rows * depthStride), depthStride, Math.Min(run, depth - k - rows), lanes * TElement.Size);
            for (int start = 0; start < lanes; start += width)
            {
                float* destination = panels + ((long)start * depth) + (k * width);
                byte* row = source + ((long)start * TElement.Size);
                int count = Math.Min(width, lanes - start);
                for (int r = 0; r < rows; r++, row += depthStride, destination += width)
                {
                    Widen<TElement>(destination, row, count);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen<TElement>(float* destination, byte* source, int count)
        where TElement : IElement
    {
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            for (; i <= count - 16; i += 16)
            {
                Vector256<float> low = TElement.Load8(source + (i * TElement.Size)), high = TElement.Load8(source + ((i + 8) * TElement.Size));
                low.Store(destination + i);
                high.Store(destination + i + 8);
            }

            if (i <= count - 8)
            {
                TElement.Load8(source + (i * TElement.Size)).Store(destination + i);
                i += 8;
            }

            if (i < count && count >= 8)
            {
                // the last eight, some of them a second time
                TElement.Load8(source + ((count - 8) * TElement.Size)).Store(destination + count - 8);
                return;
            }
        }

        for (; i < count; i++)
        {
            destination[i] = TElement.At(source + (i * TElement.Size));
        }
    }

    // rows lie pages apart, which the hardware does not follow by itself
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte* source, long stride, int rows, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int row = 0; row < rows; row++, source += stride)
            {
                for (int at = 0; at < bytes; at += 64)
                {
                    Sse.Prefetch0(source + at);
                }
            }
        }
    }
}
