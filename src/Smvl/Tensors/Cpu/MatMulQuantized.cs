using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y (T, N) = x (T, K) · weight (N, K)ᵀ + bias for a quantized weight in panels of eight rows: x becomes bytes with a scale for every
/// 32 (<see cref="ActivationBlock"/>), bytes are multiplied exactly, and every 32 inputs' sums meet their scales in F32, in the
/// order of the inputs. A row's result does not depend on its neighbours or on the number of threads.
/// One row of x reads the weights as one stream; of several, four rows share what was unpacked.
/// </summary>
internal static unsafe class MatMulQuantized
{
    /// <summary>Rows of x that are met by a run's panels before the next ones: they stay in the second cache.</summary>
    public const int BlockRows = 64;

    /// <summary>Products of one x with several weights, shared out among the threads as one.</summary>
    public static void Linear(CpuThreads threads, ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights, Tensor? bias)
    {
        if (ByteLanes512.IsSupported)
        {
            Linear<ByteLanes512, Vector512<byte>>(threads, ys, x, weights, bias);
        }
        else
        {
            Linear<ByteLanes256, Vector256<byte>>(threads, ys, x, weights, bias);
        }
    }

    internal static void Linear<TLanes, T>(CpuThreads threads, ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights, Tensor? bias)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        int rows = x.Shape.Rows, inputs = x.Shape.Width;
        ActivationBlock* activations = Activations(threads, x.Pointer<float>(), rows, inputs);
        float* biases = bias is null ? null : bias.Pointer<float>();
        var products = new Work[weights.Length];
        for (int i = 0; i < products.Length; i++)
        {
            Tensor y = ys[i], weight = weights[i];
            int outputs = weight.Shape.Rows;
            var storage = (PanelStorage)weight.Storage;
            Debug.Assert(storage.Inputs == inputs && y.Shape.Rows == rows && y.Shape.Width == outputs, $"y {y} = x {x} · weight {weight}");
            Debug.Assert(bias is null || (bias.Count == outputs && products.Length == 1), $"bias {bias} of {outputs} outputs");
            products[i] = new Work(y.Pointer<float>(), rows, inputs, outputs, weight.DType, storage.Pointer, storage.PanelBytes, activations, biases);
        }

        PanelRun[] runs = PanelRun.Cut(products, threads.Count);
        threads.For(runs.Length, i => Run<TLanes, T>(products[runs[i].Product], runs[i].Start, runs[i].End));
    }

    /// <summary>x (rows, inputs) as bytes, valid until this thread's next product.</summary>
    internal static ActivationBlock* Activations(CpuThreads threads, float* x, int rows, int inputs)
    {
        int blocks = inputs / ActivationBlock.Size;
        var activations = (ActivationBlock*)Scratch.Floats(ScratchUse.Shared, (long)rows * blocks * (sizeof(ActivationBlock) / sizeof(float)));
        threads.ForRanges(rows, Partition.RowGrain(inputs), (start, end) =>
        {
            for (int t = start; t < end; t++)
            {
                ActivationBlock.Quantize(x + ((long)t * inputs), inputs, activations + ((long)t * blocks));
            }
        });
        return activations;
    }

    private static void Run<TLanes, T>(in Work work, int panel, int end)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        switch (work.DType)
        {
            case DType.Q8_0:
                MatMulQuantized<UnitQ8_0, TLanes, T>.Run(work, panel, end);
                break;
            case DType.Q4_0:
                MatMulQuantized<UnitQ4_0, TLanes, T>.Run(work, panel, end);
                break;
            case DType.Q4_K:
                MatMulQuantized<UnitQ4_K, TLanes, T>.Run(work, panel, end);
                break;
            default:
                MatMulQuantized<UnitQ6_K, TLanes, T>.Run(work, panel, end);
                break;
        }
    }

    /// <summary>One product.</summary>
    internal readonly struct Work(
        float* y, int rows, int inputs, int outputs, DType dtype, byte* panels, long panelBytes, ActivationBlock* activations, float* biases)
    {
        public readonly float* Y = y;
        public readonly int Rows = rows;
        public readonly int Inputs = inputs;
        public readonly int Outputs = outputs;
        public readonly DType DType = dtype;
        public readonly byte* Panels = panels;
        public readonly long PanelBytes = panelBytes;
        public readonly ActivationBlock* Activations = activations;
        public readonly float* Biases = biases;

        public int PanelCount => (Outputs + UnitParts.Rows - 1) / UnitParts.Rows;
    }
}

/// <summary>The product of one format at one register width.</summary>
internal static unsafe class MatMulQuantized<TUnit, TLanes, T>
    where TUnit : IQuantizedUnit
    where TLanes : IByteLanes<T>
    where T : unmanaged
{
    // rows of x that share an unpacked unit
    private const int SharingRows = 4;

    // how far ahead of the sums the weights are asked for
    private const int AheadBytes = 4096;

    // parts that are compiled one by one, so that shifts and places are constants
    private const int GroupParts = 4;

    private static int Parts => TUnit.Depth / ActivationBlock.Size;

    /// <summary>The outputs of some panels.</summary>
    public static void Run(in MatMulQuantized.Work work, int start, int end)
    {
        for (int block = 0; block < work.Rows; block += MatMulQuantized.BlockRows)
        {
            int last = Math.Min(work.Rows, block + MatMulQuantized.BlockRows);
            for (int panel = start; panel < end; panel++)
            {
                for (int row = 0; row < UnitParts.Rows; row += TLanes.Rows)
                {
                    Panel(work, work.Panels + (panel * work.PanelBytes), row, (panel * UnitParts.Rows) + row, block, last);
                }
            }
        }
    }

    /// <summary>Rows <paramref name="row"/> and on of a panel, which make outputs <paramref name="first"/> and on, for some rows of x.</summary>
    private static void Panel(in MatMulQuantized.Work work, byte* units, int row, int first, int start, int end)
    {
        int outputs = Math.Min(TLanes.Rows, work.Outputs - first), blocks = work.Inputs / ActivationBlock.Size;
        float* sums = stackalloc float[SharingRows * TLanes.Rows];
        ActivationBlock* a = work.Activations + ((long)start * blocks);
        int t = start;
        for (; t <= end - SharingRows; t += SharingRows, a += SharingRows * blocks)
        {
            Four(sums, units, row, a, blocks);
            for (int i = 0; i < SharingRows; i++)
            {
                Write(work, t + i, first, outputs, sums + (i * TLanes.Rows));
            }
        }

        for (; t < end; t++, a += blocks)
        {
            // a whole panel's sums go where they belong: between two panels nothing is read
            bool straight = outputs == TLanes.Rows && work.Biases is null;
            One(straight ? work.Y + ((long)t * work.Outputs) + first : sums, units, row, a, blocks);
            if (!straight)
            {
                Write(work, t, first, outputs, sums);
            }
        }
    }

    private static void Write(in MatMulQuantized.Work work, int t, int first, int outputs, float* sums)
    {
        float* y = work.Y + ((long)t * work.Outputs) + first;
        for (int i = 0; i < outputs; i++)
        {
            y[i] = sums[i] + (work.Biases is null ? 0f : work.Biases[first + i]);
        }
    }

    /// <summary>One row of x, at the pace of memory.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void One(float* sums, byte* unit, int row, ActivationBlock* a, int blocks)
    {
        T sum = default;
        for (ActivationBlock* end = a + blocks; a < end; unit += TUnit.Bytes)
        {
            if (Parts == 1)
            {
                sum = Part(sum, unit, 0, 0, row, a++);
                continue;
            }

            for (int group = 0; group < Parts / GroupParts; group++, a += GroupParts)
            {
                sum = Part(sum, unit, group, 0, row, a);
                sum = Part(sum, unit, group, 1, row, a + 1);
                sum = Part(sum, unit, group, 2, row, a + 2);
                sum = Part(sum, unit, group, 3, row, a + 3);
            }
        }

        TLanes.Store(sums, sum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static T Part(T sum, byte* unit, int group, int part, int row, ActivationBlock* a)
        {
            Prefetch(unit + AheadBytes + (((group * GroupParts) + part) * (TUnit.Bytes / Parts)));
            TUnit.Load<TLanes, T>(unit, group, part, row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t);
            return TUnit.Add<TLanes, T>(sum, w0, w1, w2, w3, d, s, t, a);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Four(float* sums, byte* unit, int row, ActivationBlock* a, int blocks)
    {
        T sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (ActivationBlock* end = a + blocks; a < end; unit += TUnit.Bytes)
        {
            if (Parts == 1)
            {
                Part(ref sum0, ref sum1, ref sum2, ref sum3, unit, 0, 0, row, a++, blocks);
                continue;
            }

            for (int group = 0; group < Parts / GroupParts; group++, a += GroupParts)
            {
                Part(ref sum0, ref sum1, ref sum2, ref sum3, unit, group, 0, row, a, blocks);
                Part(ref sum0, ref sum1, ref sum2, ref sum3, unit, group, 1, row, a + 1, blocks);
                Part(ref sum0, ref sum1, ref sum2, ref sum3, unit, group, 2, row, a + 2, blocks);
                Part(ref sum0, ref sum1, ref sum2, ref sum3, unit, group, 3, row, a + 3, blocks);
            }
        }

        TLanes.Store(sums, sum0);
        TLanes.Store(sums + TLanes.Rows, sum1);
        TLanes.Store(sums + (2 * TLanes.Rows), sum2);
        TLanes.Store(sums + (3 * TLanes.Rows), sum3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Part(ref T sum0, ref T sum1, ref T sum2, ref T sum3, byte* unit, int group, int part, int row, ActivationBlock* a, int blocks)
        {
            TUnit.Load<TLanes, T>(unit, group, part, row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t);
            sum0 = TUnit.Add<TLanes, T>(sum0, w0, w1, w2, w3, d, s, t, a);
            sum1 = TUnit.Add<TLanes, T>(sum1, w0, w1, w2, w3, d, s, t, a + blocks);
            sum2 = TUnit.Add<TLanes, T>(sum2, w0, w1, w2, w3, d, s, t, a + (2 * blocks));
            sum3 = TUnit.Add<TLanes, T>(sum3, w0, w1, w2, w3, d, s, t, a + (3 * blocks));
        }
    }

    /// <summary>A part's share of a unit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
            Sse.Prefetch0(address + 64);
            if (TUnit.Bytes / Parts > 128)
            {
                Sse.Prefetch0(address + 128);
            }

            if (TUnit.Bytes / Parts > 192)
            {
                Sse.Prefetch0(address + 192);
                Sse.Prefetch0(address + 256);
            }
        }
    }
}
