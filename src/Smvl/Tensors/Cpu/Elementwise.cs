using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>Sums and scalings that have no backward of their own.</summary>
internal static class Elementwise
{
    public static void Fill(CpuThreads threads, Tensor x, float value) =>
        Partition.Elements(threads, x.Count, (start, length) => x.Span<float>().Slice(start, length).Fill(value));

    public static void Add(CpuThreads threads, Tensor y, Tensor x) =>
        Partition.Elements(threads, y.Count, (start, length) =>
        {
            Span<float> run = y.Span<float>().Slice(start, length);
            TensorPrimitives.Add(run, x.Span<float>().Slice(start, length), run);
        });

    public static void Scale(CpuThreads threads, Tensor x, float factor) =>
        Partition.Elements(threads, x.Count, (start, length) =>
        {
            Span<float> run = x.Span<float>().Slice(start, length);
            TensorPrimitives.Multiply(run, factor, run);
        });

    /// <summary>sum (N) += the sum of dy's rows: the gradient of a bias. Rows are added in order.</summary>
    public static void AddColumnSums(CpuThreads threads, Tensor sum, Tensor dy) =>
        threads.ForRanges(dy.Shape.Width, Partition.ColumnGrain, (start, end) =>
        {
            Span<float> part = sum.Span<float>()[start..end];
            for (int t = 0; t < dy.Shape.Rows; t++)
            {
                TensorPrimitives.Add(part, dy.Row<float>(t)[start..end], part);
            }
        });

    /// <summary>Runs are summed in F32, the runs in double and in order.</summary>
    public static double SumOfSquares(CpuThreads threads, Tensor x)
    {
        const int Run = 1024;
        double[] sums = new double[(x.Count + Run - 1) / Run];
        threads.ForRanges(sums.Length, 64, (start, end) =>
        {
            for (int i = start; i < end; i++)
            {
                int at = i * Run;
                sums[i] = TensorPrimitives.SumOfSquares<float>(x.Span<float>().Slice(at, (int)Math.Min(Run, x.Count - at)));
            }
        });
        double total = 0;
        foreach (double sum in sums)
        {
            total += sum;
        }

        return total;
    }
}
