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
    // panels of a task: 128 weight rows, some tens of microseconds of reading
    private const int TaskPanels = 16;

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
        int rows = x.Shape.Rows, inputs = x.Shape.Width, blocks = inputs / ActivationBlock.Size;
        var activations = (ActivationBlock*)Scratch.Floats(ScratchUse.Shared, (long)rows * blocks * (sizeof(ActivationBlock) / sizeof(float)));
        float* source = x.Pointer<float>(), biases = bias is null ? null : bias.Pointer<float>();
        threads.ForRanges(rows, Partition.RowGrain(inputs), (start, end) =>
        {
            for (int t = start; t < end; t++)
            {
                ActivationBlock.Quantize(source + ((long)t * inputs), inputs, activations + ((long)t * blocks));
            }
        });
        var products = new Work[weights.Length];
        int tasks = 0;
        for (int i = 0; i < products.Length; i++)
        {
            Tensor y = ys[i], weight = weights[i];
            int outputs = weight.Shape.Rows;
            var storage = (PanelStorage)weight.Storage;
            Debug.Assert(storage.Inputs == inputs && y.Shape.Rows == rows && y.Shape.Width == outputs, $"y {y} = x {x} · weight {weight}");
            Debug.Assert(bias is null || (bias.Count == outputs && products.Length == 1), $"bias {bias} of {outputs} outputs");
            products[i] = new Work(y.Pointer<float>(), rows, inputs, outputs, weight.DType, storage.Pointer, activations, biases, tasks);
            tasks += (products[i].PanelCount + TaskPanels - 1) / TaskPanels;
        }

        threads.For(tasks, task =>
        {
            int i = products.Length - 1;
            while (task < products[i].FirstTask)
            {
                i--;
            }

            Run<TLanes, T>(products[i], (task - products[i].FirstTask) * TaskPanels);
        });
    }

    private static void Run<TLanes, T>(in Work work, int panel)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        int end = Math.Min(panel + TaskPanels, work.PanelCount);
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

    /// <summary>One product, and the number of its first task.</summary>
    internal readonly struct Work(
        float* y, int rows, int inputs, int outputs, DType dtype, byte* panels, ActivationBlock* activations, float* biases, int firstTask)
    {
        public readonly float* Y = y;
        public readonly int Rows = rows;
        public readonly int Inputs = inputs;
        public readonly int Outputs = outputs;
        public readonly DType DType = dtype;
        public readonly byte* Panels = panels;
        public readonly ActivationBlock* Activations = activations;
        public readonly float* Biases = biases;
        public readonly int FirstTask = firstTask;

        public int PanelCount => (Outputs + UnitParts.Rows - 1) / UnitParts.Rows;
    }
}

/// <summary>The product of one format at one register width.</summary>
internal static unsafe class MatMulQuantized<TUnit, TLanes, T>
    where TUnit : IQuantizedUnit
    where TLanes : IByteLanes<T>
    where T : unmanaged
{
    // rows of x that are met by a task's panels before the next ones: they stay in the second cache
    private const int BlockRows = 64;

    // rows of x that share an unpacked unit
    private const int SharingRows = 4;

    // how far ahead of the sums the weights are asked for
    private const int AheadBytes = 4096;

    private static int Parts => TUnit.Depth / ActivationBlock.Size;

    /// <summary>The outputs of some panels.</summary>
    public static void Run(in MatMulQuantized.Work work, int start, int end)
    {
        long panelBytes = (long)(work.Inputs / TUnit.Depth) * TUnit.Bytes;
        for (int block = 0; block < work.Rows; block += BlockRows)
        {
            int last = Math.Min(work.Rows, block + BlockRows);
            for (int panel = start; panel < end; panel++)
            {
                for (int row = 0; row < UnitParts.Rows; row += TLanes.Rows)
                {
                    Panel(work, work.Panels + (panel * panelBytes), row, (panel * UnitParts.Rows) + row, block, last);
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
            One(sums, units, row, a, blocks);
            Write(work, t, first, outputs, sums);
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
            for (int part = 0; part < Parts; part++, a++)
            {
                Prefetch(unit + AheadBytes + (part * (TUnit.Bytes / Parts)));
                TUnit.Load<TLanes, T>(unit, part, row, out T w0, out T w1, out T w2, out T w3, out T s, out T t);
                sum = TUnit.Add<TLanes, T>(sum, w0, w1, w2, w3, s, t, a);
            }
        }

        TLanes.Store(sums, sum);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Four(float* sums, byte* unit, int row, ActivationBlock* a, int blocks)
    {
        T sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (ActivationBlock* end = a + blocks; a < end; unit += TUnit.Bytes)
        {
            for (int part = 0; part < Parts; part++, a++)
            {
                TUnit.Load<TLanes, T>(unit, part, row, out T w0, out T w1, out T w2, out T w3, out T s, out T t);
                sum0 = TUnit.Add<TLanes, T>(sum0, w0, w1, w2, w3, s, t, a);
                sum1 = TUnit.Add<TLanes, T>(sum1, w0, w1, w2, w3, s, t, a + blocks);
                sum2 = TUnit.Add<TLanes, T>(sum2, w0, w1, w2, w3, s, t, a + (2 * blocks));
                sum3 = TUnit.Add<TLanes, T>(sum3, w0, w1, w2, w3, s, t, a + (3 * blocks));
            }
        }

        TLanes.Store(sums, sum0);
        TLanes.Store(sums + TLanes.Rows, sum1);
        TLanes.Store(sums + (2 * TLanes.Rows), sum2);
        TLanes.Store(sums + (3 * TLanes.Rows), sum3);
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
