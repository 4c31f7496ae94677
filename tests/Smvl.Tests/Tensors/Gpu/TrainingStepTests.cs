using Smvl.Tensors;
using Smvl.Tests.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Loss, gradient norm and updates on the GPU against the CPU's.</summary>
[Collection(GpuOperations.Name)]
public sealed class TrainingStepTests(GpuPair pair)
{
    [Theory, InlineData(1, 1, 0f, 0f), InlineData(3, 7, 0f, 0f), InlineData(5, 300, 0.1f, 1e-3f), InlineData(2, 5001, 0f, 1e-2f)]
    public void CrossEntropy(int rows, int width, float smoothing, float zLoss) =>
        pair.Agree($"{rows} x {width}", 2e-6, 1e-7, run =>
        {
            int[] targets = [.. Enumerable.Range(0, rows).Select(row => (row * 37) % width)];
            float[] values = [.. FiniteDifference.Values(1, rows * width).Select(value => (value * 10) + 50)];
            Tensor logits = run.Put(values, rows, width), losses = run.Unwritten(rows);
            run.Backend.CrossEntropy(losses, logits, targets, 0.5f, new LossTerms(smoothing, zLoss));
            return [losses, logits];
        });

    [Theory, InlineData(1), InlineData(1000), InlineData(40000)]
    public void SumOfSquaresIsExact(int count)
    {
        using GpuRun run = new(pair.Gpu);
        float[] values = FiniteDifference.Values(1, count);
        values[0] = 3e4f;
        double sum = values.Sum(value => (double)value * value), actual = run.Backend.SumOfSquares(run.Put(values, count));
        Assert.Equal(sum, actual, 1e-12 * sum);
        values[^1] = float.PositiveInfinity;
        Assert.True(double.IsPositiveInfinity(run.Backend.SumOfSquares(run.Put(values, count))));
        values[0] = float.NaN;
        Assert.True(double.IsNaN(run.Backend.SumOfSquares(run.Put(values, count))));
    }

    [Fact]
    public void SumsOfSeveralTensorsAreAddedInOrder()
    {
        using GpuRun run = new(pair.Gpu);
        Tensor[] tensors = [run.Random(1, 20000), run.Random(2, 1), run.Random(3, 333)];
        Assert.Equal(tensors.Sum(run.Backend.SumOfSquares), run.Backend.SumOfSquares(tensors));
        Assert.Equal(0, run.Backend.SumOfSquares([]));
    }

    [Theory, InlineData(1), InlineData(1003)]
    public void AdamWAndLion(int count) =>
        pair.Agree($"{count}", 2e-7, 0, run =>
        {
            Tensor p = run.Random(1, count), m = run.Random(2, count), v = run.Put([.. FiniteDifference.Values(3, count).Select(MathF.Abs)], count);
            Tensor q = run.Random(4, count), n = run.Random(5, count);
            for (int step = 1; step <= 3; step++)
            {
                Tensor g = run.Random(5 + step, count);
                run.Backend.AdamW(p, g, m, v, new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.01, step, 0.7f));
                run.Backend.Lion(q, g, n, new LionStep(1e-2, 0.9, 0.99, 0.01, 0.7f));
            }

            return [p, m, v, q, n];
        });

    /// <summary>A moment at the border of two codes may round to either: they are a part in a few dozen apart.</summary>
    [Theory, InlineData(1), InlineData(256), InlineData(1003)]
    public void AdamW8Bit(int count) =>
        pair.Agree($"{count}", 1e-4, 0, run =>
        {
            int blocks = (count + BlockMoment.BlockSize - 1) / BlockMoment.BlockSize;
            Tensor p = run.Random(1, count), scales1 = run.Keep(run.Backend.Zeros(blocks)), scales2 = run.Keep(run.Backend.Zeros(blocks));
            Tensor codes1 = run.Keep(run.Backend.Allocate(DType.U8, new Shape(count))), codes2 = run.Keep(run.Backend.Allocate(DType.U8, new Shape(count)));
            run.Backend.Upload<byte>(new byte[count], codes1);
            run.Backend.Upload<byte>(new byte[count], codes2);
            BlockMoment first = new(codes1, scales1, Signed: true), second = new(codes2, scales2, Signed: false);
            for (int step = 1; step <= 2; step++)
            {
                run.Backend.AdamW8Bit(p, run.Random(5 + step, count), first, second, new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.01, step, 0.7f));
            }

            return [p, scales1, scales2];
        });
}
