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

    /// <summary>y += weight · (x − y), one operation after the other.</summary>
    public static void Lerp(CpuThreads threads, Tensor y, Tensor x, float weight) =>
        Partition.Elements(threads, y.Count, (start, length) =>
        {
            Span<float> run = y.Span<float>().Slice(start, length);
            ReadOnlySpan<float> towards = x.Span<float>().Slice(start, length);
            for (int i = 0; i < length; i++)
            {
                run[i] += weight * (towards[i] - run[i]);
            }
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

    /// <summary>Runs are summed in F32; the runs of a part, then the parts, in double and in order.</summary>
    public static double SumOfSquares(CpuThreads threads, Tensor x)
    {
        const int Run = 1024;
        const int Part = 64 * Run;
        double[] sums = new double[(x.Count + Part - 1) / Part];
        threads.For(sums.Length, part =>
        {
            ReadOnlySpan<float> left = x.Span<float>()[(part * Part)..];
            left = left[..Math.Min(Part, left.Length)];
            for (; !left.IsEmpty; left = left[Math.Min(Run, left.Length)..])
            {
                sums[part] += TensorPrimitives.SumOfSquares(left[..Math.Min(Run, left.Length)]);
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
