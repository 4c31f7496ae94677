using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y (T, N) = x (T, K) · weight (N, K)ᵀ + bias for a few rows of x (generation): the time is that of reading the weights once, so
/// they are widened in registers and nothing is packed. For one row of x the weights are read as one stream from end to end; for
/// four rows of x two weight rows are taken at a time. Each output is eight or 32 running sums, added in a fixed order.
/// </summary>
internal static unsafe class MatMulFew
{
    // weight rows of a task: some tens of microseconds of reading
    private const int TaskRows = 128;

    // how far ahead of the sums the weights are asked for: the time of a trip to memory, and past the end of a page
    private const int AheadBytes = 4096;

    public static void Run(CpuThreads threads, float* y, float* x, int rows, int columns, int depth, byte* weight, DType dtype, float* bias)
    {
        switch (dtype)
        {
            case DType.F32:
                Run<ElementF32>(threads, y, x, rows, columns, depth, weight, bias);
                break;
            case DType.BF16:
                Run<ElementBF16>(threads, y, x, rows, columns, depth, weight, bias);
                break;
            default:
                Run<ElementF16>(threads, y, x, rows, columns, depth, weight, bias);
                break;
        }
    }

    private static void Run<TElement>(CpuThreads threads, float* y, float* x, int rows, int columns, int depth, byte* weight, float* bias)
        where TElement : IElement =>
        threads.ForRanges(columns, TaskRows, (start, end) =>
        {
            if (rows == 1)
            {
                byte* w = weight + ((long)start * depth * TElement.Size);
                for (int j = start; j < end; j++, w += (long)depth * TElement.Size)
                {
                    y[j] = One<TElement>(x, w, depth) + (bias is null ? 0f : bias[j]);
                }
            }
            else
            {
                Few<TElement>(y, x, rows, columns, depth, weight, bias, start, end);
            }
        });

    private static void Few<TElement>(float* y, float* x, int rows, int columns, int depth, byte* weight, float* bias, int start, int end)
        where TElement : IElement
    {
        const int step = 2;
        long rowBytes = (long)depth * TElement.Size;
        float* sums = stackalloc float[4 * step];
        for (int j = start; j < end; j += step)
        {
            byte* w = weight + (j * rowBytes);
            int count = Math.Min(step, end - j);
            for (int i = 0; i < rows; i += 4)
            {
                // a row past the end is the last one again
                float* row = x + ((long)i * depth);
                int last = Math.Min(3, rows - 1 - i);
                FourByTwo<TElement>(
                    sums, row, row + ((long)Math.Min(1, last) * depth), row + ((long)Math.Min(2, last) * depth), row + ((long)last * depth),
                    w, w + (count > 1 ? rowBytes : 0), depth);
                for (int r = 0; r <= last; r++)
                {
                    for (int c = 0; c < count; c++)
                    {
                        y[((long)(i + r) * columns) + j + c] = sums[(r * step) + c] + (bias is null ? 0f : bias[j + c]);
                    }
                }
            }
        }
    }

    // the hardware stops at the end of a page, and a row is too short for it to run ahead by itself
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>One row of x by one of the weight.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float One<TElement>(float* x, byte* w, int depth)
        where TElement : IElement
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        int k = 0;
        for (; k <= depth - 32; k += 32, w += 32 * TElement.Size)
        {
            Prefetch(w + AheadBytes);
            if (TElement.Size == 4)
            {
                Prefetch(w + AheadBytes + 64);
            }

            a = Vector256.MultiplyAddEstimate(Vector256.Load(x + k), TElement.Load8(w), a);
            b = Vector256.MultiplyAddEstimate(Vector256.Load(x + k + 8), TElement.Load8(w + (8 * TElement.Size)), b);
            c = Vector256.MultiplyAddEstimate(Vector256.Load(x + k + 16), TElement.Load8(w + (16 * TElement.Size)), c);
            d = Vector256.MultiplyAddEstimate(Vector256.Load(x + k + 24), TElement.Load8(w + (24 * TElement.Size)), d);
        }

        float sum = Vector256.Sum(a + b + (c + d));
        for (; k < depth; k++, w += TElement.Size)
        {
            sum += x[k] * TElement.At(w);
        }

        return sum;
    }

    /// <summary>Four rows of x by two of the weight.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void FourByTwo<TElement>(float* sums, float* x0, float* x1, float* x2, float* x3, byte* w, byte* v, int depth)
        where TElement : IElement
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        int k = 0;
        for (; k <= depth - 8; k += 8, w += 8 * TElement.Size, v += 8 * TElement.Size)
        {
            Prefetch(w + (2 * (v - w)));
            Prefetch(v + (2 * (v - w)));
            Vector256<float> a = TElement.Load8(w), b = TElement.Load8(v);
            Vector256<float> x = Vector256.Load(x0 + k);
            a0 = Vector256.MultiplyAddEstimate(x, a, a0);
            b0 = Vector256.MultiplyAddEstimate(x, b, b0);
            x = Vector256.Load(x1 + k);
            a1 = Vector256.MultiplyAddEstimate(x, a, a1);
            b1 = Vector256.MultiplyAddEstimate(x, b, b1);
            x = Vector256.Load(x2 + k);
            a2 = Vector256.MultiplyAddEstimate(x, a, a2);
            b2 = Vector256.MultiplyAddEstimate(x, b, b2);
            x = Vector256.Load(x3 + k);
            a3 = Vector256.MultiplyAddEstimate(x, a, a3);
            b3 = Vector256.MultiplyAddEstimate(x, b, b3);
        }

        (sums[0], sums[1]) = (Vector256.Sum(a0), Vector256.Sum(b0));
        (sums[2], sums[3]) = (Vector256.Sum(a1), Vector256.Sum(b1));
        (sums[4], sums[5]) = (Vector256.Sum(a2), Vector256.Sum(b2));
        (sums[6], sums[7]) = (Vector256.Sum(a3), Vector256.Sum(b3));
        for (; k < depth; k++, w += TElement.Size, v += TElement.Size)
        {
            float a = TElement.At(w), b = TElement.At(v);
            (sums[0], sums[1]) = (sums[0] + (x0[k] * a), sums[1] + (x0[k] * b));
            (sums[2], sums[3]) = (sums[2] + (x1[k] * a), sums[3] + (x1[k] * b));
            (sums[4], sums[5]) = (sums[4] + (x2[k] * a), sums[5] + (x2[k] * b));
            (sums[6], sums[7]) = (sums[6] + (x3[k] * a), sums[7] + (x3[k] * b));
        }
    }
}
