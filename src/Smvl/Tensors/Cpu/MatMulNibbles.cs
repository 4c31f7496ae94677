using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y (T, N) = x (T, K) · weight (N, K)ᵀ + bias for many rows of x and weights of half bytes: x becomes bytes as in
/// <see cref="MatMulQuantized"/>; the weights become bytes too, once for a slab of rows, so that nothing but products is left inside.
/// </summary>
internal static unsafe class MatMulNibbles
{
    // x as bytes: like the F32 product's slabs
    private const long SlabBytes = 8 << 20;

    /// <summary>Whether a machine multiplies bytes faster than F32.</summary>
    public static bool IsSupported => Avx2.IsSupported || Dp.IsSupported;

    public static bool Takes(DType dtype) => dtype is DType.Q4_0 or DType.Q4_K;

    /// <summary>Products of one x with several weights.</summary>
    public static void Linear(CpuThreads threads, ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights, Tensor? bias)
    {
        if (QuadLanes512.IsSupported)
        {
            Linear<QuadLanes512, Vector512<byte>>(threads, ys, x, weights, bias);
        }
        else
        {
            Linear<QuadLanes256, Vector256<byte>>(threads, ys, x, weights, bias);
        }
    }

    internal static void Linear<TLanes, T>(CpuThreads threads, ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights, Tensor? bias)
        where TLanes : IQuadLanes<T>
        where T : unmanaged
    {
        int inputs = x.Shape.Width, blocks = inputs / ActivationBlock.Size;
        int slab = (int)Math.Max(1, SlabBytes / ((long)blocks * sizeof(ActivationBlock)));
        for (int start = 0; start < x.Shape.Rows; start += slab)
        {
            int rows = Math.Min(slab, x.Shape.Rows - start);
            ActivationBlock* activations = MatMulQuantized.Activations(threads, x.Pointer<float>() + ((long)start * inputs), rows, inputs);
            for (int i = 0; i < weights.Length; i++)
            {
                int outputs = weights[i].Shape.Rows;
                var storage = (PanelStorage)weights[i].Storage;
                Debug.Assert(storage.Inputs == inputs && ys[i].Shape.Rows == x.Shape.Rows && ys[i].Shape.Width == outputs, $"y {ys[i]} = x {x} · weight {weights[i]}");
                Debug.Assert(bias is null || (bias.Count == outputs && weights.Length == 1), $"bias {bias} of {outputs} outputs");
                MatMulQuantized.Work work = new(
                    ys[i].Pointer<float>() + ((long)start * outputs), rows, inputs, outputs, weights[i].DType, storage.Pointer, storage.PanelBytes, activations,
                    bias is null ? null : bias.Pointer<float>());
                if (work.DType == DType.Q4_0)
                {
                    MatMulNibbles<UnitQ4_0, TLanes, T>.Run(threads, work);
                }
                else
                {
                    MatMulNibbles<UnitQ4_K, TLanes, T>.Run(threads, work);
                }
            }
        }
    }
}

/// <summary>The product of one format at one register width.</summary>
internal static unsafe class MatMulNibbles<TUnit, TLanes, T>
    where TUnit : INibbleUnit
    where TLanes : IQuadLanes<T>
    where T : unmanaged
{
    // outputs of a task: their bytes stay in the second cache, beside those of some rows of x
    private const int TaskColumns = 64, TaskBytes = 256 << 10;

    // rows of x that meet a group of columns before the next one does
    private const int BlockRows = 64;

    // rows of x of a tile
    private const int TileRows = 4;

    private static int Columns => TLanes.Rows;

    // 32 inputs: bytes by fours, scales, minima
    private static int PartBytes => (ActivationBlock.Size + (2 * sizeof(float))) * Columns;

    public static void Run(CpuThreads threads, MatMulQuantized.Work work)
    {
        int parts = work.Inputs / ActivationBlock.Size;
        long groupBytes = (Columns * sizeof(float)) + ((long)parts * PartBytes);
        int most = (int)Math.Clamp(TaskBytes / groupBytes, 1, TaskColumns / Columns) * Columns;
        threads.ForRanges(work.Outputs, most, (start, end) =>
        {
            int groups = (end - start + Columns - 1) / Columns;
            byte* packed = (byte*)Scratch.Floats(ScratchUse.Own, groups * groupBytes / sizeof(float));
            for (int group = 0; group < groups; group++)
            {
                Pack(packed + (group * groupBytes), work, start + (group * Columns), parts);
            }

            for (int row = 0; row < work.Rows; row += BlockRows)
            {
                int last = Math.Min(work.Rows, row + BlockRows);
                for (int group = 0; group < groups; group++)
                {
                    Group(work, packed + (group * groupBytes), start + (group * Columns), row, last, parts);
                }
            }
        });
    }

    /// <summary>A register's columns: where their sums begin (biases or zeros), then part after part. Columns past the end are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack(byte* group, in MatMulQuantized.Work work, int first, int parts)
    {
        float* starts = (float*)group;
        for (int i = 0; i < Columns; i++)
        {
            starts[i] = work.Biases is null || first + i >= work.Outputs ? 0f : work.Biases[first + i];
        }

        group += Columns * sizeof(float);
        int unitParts = TUnit.Depth / ActivationBlock.Size;
        for (int i = 0; i < Columns; i += UnitParts.Rows)
        {
            int panel = (first + i) / UnitParts.Rows;
            byte* unit = work.Panels + (panel * work.PanelBytes), part = group;
            for (int p = 0; p < parts; p++, part += PartBytes)
            {
                float* scales = (float*)(part + (ActivationBlock.Size * Columns)) + i, minima = scales + Columns;
                if (panel < work.PanelCount)
                {
                    TUnit.Spread(part + (4 * i), 4 * Columns, scales, minima, unit + (p / unitParts * TUnit.Bytes), p % unitParts);
                }
                else
                {
                    Vector256<float>.Zero.Store(scales);
                    Vector256<float>.Zero.Store(minima);
                }
            }
        }
    }

    /// <summary>A register's columns of some rows.</summary>
    private static void Group(in MatMulQuantized.Work work, byte* group, int first, int start, int end, int parts)
    {
        float* edge = stackalloc float[TileRows * Columns];
        int columns = Math.Min(Columns, work.Outputs - first);
        ActivationBlock* a = work.Activations + ((long)start * parts);
        for (int t = start; t < end; t += TileRows, a += TileRows * parts)
        {
            float* y = work.Y + ((long)t * work.Outputs) + first;
            int rows = Math.Min(TileRows, end - t);
            if (columns == Columns)
            {
                Tile(y, work.Outputs, group, a, rows, parts);
                continue;
            }

            Tile(edge, Columns, group, a, rows, parts);
            for (int i = 0; i < rows; i++)
            {
                new Span<float>(edge + (i * Columns), columns).CopyTo(new Span<float>(y + ((long)i * work.Outputs), columns));
            }
        }
    }

    /// <summary>Up to four rows of x, of which the last is taken again where there are fewer.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile(float* y, long stride, byte* group, ActivationBlock* a0, int rows, int parts)
    {
        int second = Math.Min(1, rows - 1), third = Math.Min(2, rows - 1), fourth = rows - 1;
        ActivationBlock* a1 = a0 + (second * parts), a2 = a0 + (third * parts), a3 = a0 + (fourth * parts);
        T sum0 = TLanes.Load(group), sum1 = sum0, sum2 = sum0, sum3 = sum0;
        group += Columns * sizeof(float);
        for (byte* end = group + ((long)parts * PartBytes); group < end; group += PartBytes, a0++, a1++, a2++, a3++)
        {
            T p0 = default, p1 = default, p2 = default, p3 = default;
            Quad(ref p0, ref p1, ref p2, ref p3, group, 0, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 1, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 2, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 3, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 4, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 5, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 6, a0, a1, a2, a3);
            Quad(ref p0, ref p1, ref p2, ref p3, group, 7, a0, a1, a2, a3);
            T scales = TLanes.Load(group + (ActivationBlock.Size * Columns)), minima = TLanes.Load(group + ((ActivationBlock.Size + sizeof(float)) * Columns));
            sum0 = Scaled(sum0, p0, scales, minima, a0);
            sum1 = Scaled(sum1, p1, scales, minima, a1);
            sum2 = Scaled(sum2, p2, scales, minima, a2);
            sum3 = Scaled(sum3, p3, scales, minima, a3);
        }

        TLanes.Store(y, sum0);
        TLanes.Store(y + (second * stride), sum1);
        TLanes.Store(y + (third * stride), sum2);
        TLanes.Store(y + (fourth * stride), sum3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Quad(
            ref T p0, ref T p1, ref T p2, ref T p3, byte* part, int quad, ActivationBlock* a0, ActivationBlock* a1, ActivationBlock* a2, ActivationBlock* a3)
        {
            T w = TLanes.Load(part + (4 * Columns * quad));
            p0 = TLanes.AddProducts(p0, w, TLanes.Share(a0->Values + (4 * quad)));
            p1 = TLanes.AddProducts(p1, w, TLanes.Share(a1->Values + (4 * quad)));
            p2 = TLanes.AddProducts(p2, w, TLanes.Share(a2->Values + (4 * quad)));
            p3 = TLanes.AddProducts(p3, w, TLanes.Share(a3->Values + (4 * quad)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static T Scaled(T sum, T products, T scales, T minima, ActivationBlock* a) =>
            TLanes.MultiplyAdd(
                TLanes.Numbers(products), TLanes.Multiply(scales, TLanes.Share(a->Scale)), TLanes.MultiplyAdd(minima, TLanes.Share(a->MinusHalfSum), sum));
    }
}
