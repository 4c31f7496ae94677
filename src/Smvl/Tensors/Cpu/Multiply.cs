using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>y = x · factors of columns or of rows.</summary>
internal static class Multiply
{
    public static void Forward(CpuThreads threads, Tensor y, Tensor x, Tensor factors)
    {
        bool ofRows = factors.Shape.Rank > 1;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(x.Shape.Width), (start, end) =>
        {
            ReadOnlySpan<float> f = factors.Span<float>();
            for (int t = start; t < end; t++)
            {
                if (ofRows)
                {
                    TensorPrimitives.Multiply(x.Row<float>(t), f[t], y.Row<float>(t));
                }
                else
                {
                    TensorPrimitives.Multiply(x.Row<float>(t), f, y.Row<float>(t));
                }
            }
        });
    }

    /// <summary>Rows are added in order.</summary>
    public static void BackwardFactors(CpuThreads threads, Tensor dFactors, Tensor dy, Tensor x) =>
        threads.ForRanges(x.Shape.Width, Partition.ColumnGrain, (start, end) =>
        {
            Span<float> sum = dFactors.Span<float>()[start..end];
            for (int t = 0; t < x.Shape.Rows; t++)
            {
                TensorPrimitives.MultiplyAdd(dy.Row<float>(t)[start..end], x.Row<float>(t)[start..end], sum, sum);
            }
        });
}
