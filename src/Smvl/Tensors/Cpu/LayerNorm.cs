using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>y = (x − mean) · r · w + b per row, r = 1 / sqrt(variance + eps), the variance divided by the width. Source: Ba et al. 2016.</summary>
internal static unsafe class LayerNorm
{
    public static void Forward(
        CpuThreads threads, Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps)
    {
        int width = x.Shape.Width;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(width), (start, end) =>
        {
            ReadOnlySpan<float> w = weight.Span<float>();
            ReadOnlySpan<float> b = bias.Span<float>();
            for (int t = start; t < end; t++)
            {
                ReadOnlySpan<float> xt = x.Row<float>(t);
                Span<float> yt = y.Row<float>(t);
                float m = TensorPrimitives.Sum(xt) / width;
                TensorPrimitives.Subtract(xt, m, yt);
                float r = 1f / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(yt) / width) + eps);
                TensorPrimitives.Multiply(yt, r, yt);
                TensorPrimitives.MultiplyAdd(yt, w, b, yt);
                if (mean is not null && rstd is not null)
                {
                    mean.Span<float>()[t] = m;
                    rstd.Span<float>()[t] = r;
                }
            }
        });
    }

    public static void Backward(
        CpuThreads threads, Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd,
        bool accumulate)
    {
        int width = x.Shape.Width;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(width), (start, end) =>
        {
            ReadOnlySpan<float> w = weight.Span<float>();
            float* own = Scratch.Floats(ScratchUse.Own, 2L * width);
            Span<float> g = new(own, width), normalised = new(own + width, width);
            for (int t = start; t < end; t++)
            {
                Span<float> dxt = dx.Row<float>(t);
                float r = rstd.Span<float>()[t];
                Normalise(x.Row<float>(t), mean.Span<float>()[t], r, normalised);

                // forward: y = w n + b, n = (x − mean) r: dx = r (g − mean(g) − n mean(g n)) with g = w dy
                TensorPrimitives.Multiply(dy.Row<float>(t), w, g);
                float meanG = TensorPrimitives.Sum<float>(g) / width;
                float meanGn = TensorPrimitives.Dot<float>(g, normalised) / width;
                TensorPrimitives.MultiplyAdd(normalised, -meanGn, g, g);
                TensorPrimitives.Subtract(g, meanG, g);
                if (accumulate)
                {
                    TensorPrimitives.MultiplyAdd(g, r, dxt, dxt);
                }
                else
                {
                    TensorPrimitives.Multiply(g, r, dxt);
                }
            }
        });

        if (dWeight is not null)
        {
            threads.ForRanges(width, Partition.ColumnGrain, (start, end) =>
            {
                Span<float> sum = dWeight.Span<float>()[start..end];
                Span<float> normalised = stackalloc float[Partition.ColumnGrain];
                normalised = normalised[..sum.Length];
                for (int t = 0; t < x.Shape.Rows; t++)
                {
                    Normalise(x.Row<float>(t)[start..end], mean.Span<float>()[t], rstd.Span<float>()[t], normalised);
                    TensorPrimitives.MultiplyAdd(dy.Row<float>(t)[start..end], normalised, sum, sum);
                }
            });
        }

        if (dBias is not null)
        {
            Elementwise.AddColumnSums(threads, dBias, dy);
        }
    }

    private static void Normalise(ReadOnlySpan<float> x, float mean, float rstd, Span<float> y)
    {
        TensorPrimitives.Subtract(x, mean, y);
        TensorPrimitives.Multiply(y, rstd, y);
    }
}
