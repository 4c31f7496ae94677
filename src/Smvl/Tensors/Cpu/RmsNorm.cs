using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y = x · r · w per row, r = 1 / sqrt(mean(x²) + eps). A row is the last axis, so that heads are normalised by viewing q as
/// (T·H, hd). Source: Zhang and Sennrich 2019; Qwen3RMSNorm in transformers.
/// </summary>
internal static unsafe class RmsNorm
{
    public static void Forward(CpuThreads threads, Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps)
    {
        int width = x.Shape.Width;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(width), (start, end) =>
        {
            ReadOnlySpan<float> w = weight.Span<float>();
            for (int t = start; t < end; t++)
            {
                ReadOnlySpan<float> xt = x.Row<float>(t);
                Span<float> yt = y.Row<float>(t);
                float r = 1f / MathF.Sqrt((TensorPrimitives.SumOfSquares(xt) / width) + eps);
                TensorPrimitives.Multiply(xt, r, yt);
                TensorPrimitives.Multiply(yt, w, yt);
                if (rstd is not null)
                {
                    rstd.Span<float>()[t] = r;
                }
            }
        });
    }

    public static void Backward(
        CpuThreads threads, Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate)
    {
        int width = x.Shape.Width;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(width), (start, end) =>
        {
            ReadOnlySpan<float> w = weight.Span<float>();
            Span<float> g = new(Scratch.Floats(ScratchUse.Own, width), width);
            for (int t = start; t < end; t++)
            {
                ReadOnlySpan<float> xt = x.Row<float>(t);
                Span<float> dxt = dx.Row<float>(t);
                float r = rstd.Span<float>()[t];

                // forward: y_i = w_i x_i r, and r depends on every x_j: dx_i = r (w_i dy_i − x_i r² mean(w dy x))
                TensorPrimitives.Multiply(dy.Row<float>(t), w, g);
                float mean = TensorPrimitives.Dot<float>(g, xt) / width;
                float k = -(r * r * mean);
                TensorPrimitives.MultiplyAdd(xt, k, g, g);
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

        if (dWeight is null)
        {
            return;
        }

        threads.ForRanges(width, Partition.ColumnGrain, (start, end) =>
        {
            Span<float> sum = dWeight.Span<float>()[start..end];
            Span<float> scaled = stackalloc float[Partition.ColumnGrain];
            scaled = scaled[..sum.Length];
            for (int t = 0; t < x.Shape.Rows; t++)
            {
                TensorPrimitives.Multiply(x.Row<float>(t)[start..end], rstd.Span<float>()[t], scaled);
                TensorPrimitives.MultiplyAdd(dy.Row<float>(t)[start..end], scaled, sum, sum);
            }
        });
    }
}
