namespace Smvl.Tensors.Cpu;

/// <summary>The meaning of <see cref="MatMul"/> in scalar loops; tests compare every faster path with it.</summary>
internal static unsafe class MatMulReference
{
    public static void Linear(CpuThreads threads, Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        int t = x.Shape.Rows, k = x.Shape.Width, n = weight.Shape.Rows;
        threads.ForRanges(n, 16, (start, end) =>
        {
            float[] w = new float[k];
            for (int j = start; j < end; j++)
            {
                Widen(weight, (long)j * k, w);
                float b = bias is null ? 0f : bias.Pointer<float>()[j];
                for (int i = 0; i < t; i++)
                {
                    ReadOnlySpan<float> row = x.Row<float>(i);
                    float sum = 0f;
                    for (int p = 0; p < k; p++)
                    {
                        sum += row[p] * w[p];
                    }

                    y.Pointer<float>()[((long)i * n) + j] = sum + b;
                }
            }
        });
    }

    public static void LinearBackwardInput(CpuThreads threads, Tensor dx, Tensor dy, Tensor weight, bool accumulate)
    {
        int t = dy.Shape.Rows, n = dy.Shape.Width, k = weight.Shape.Width;
        threads.ForRanges(t, 16, (start, end) =>
        {
            float[] w = new float[k];
            for (int i = start; i < end && !accumulate; i++)
            {
                dx.Row<float>(i).Clear();
            }

            for (int j = 0; j < n; j++)
            {
                Widen(weight, (long)j * k, w);
                for (int i = start; i < end; i++)
                {
                    AddScaled(dx.Row<float>(i), w, dy.Row<float>(i)[j]);
                }
            }
        });
    }

    public static void LinearBackwardWeight(CpuThreads threads, Tensor dWeight, Tensor dy, Tensor x)
    {
        int t = dy.Shape.Rows, n = dy.Shape.Width;
        threads.ForRanges(n, 16, (start, end) =>
        {
            for (int j = start; j < end; j++)
            {
                for (int i = 0; i < t; i++)
                {
                    AddScaled(dWeight.Row<float>(j), x.Row<float>(i), dy.Row<float>(i)[j]);
                }
            }
        });
    }

    private static void AddScaled(Span<float> sum, ReadOnlySpan<float> row, float factor)
    {
        for (int p = 0; p < sum.Length; p++)
        {
            sum[p] += factor * row[p];
        }
    }

    /// <summary>Elements of a float tensor from <paramref name="start"/> on, exactly, as F32.</summary>
    private static void Widen(Tensor source, long start, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = source.DType switch
            {
                DType.F32 => source.Pointer<float>()[start + i],
                DType.BF16 => BitConverter.UInt32BitsToSingle((uint)source.Pointer<ushort>()[start + i] << 16),
                _ => (float)source.Pointer<Half>()[start + i],
            };
        }
    }
}
