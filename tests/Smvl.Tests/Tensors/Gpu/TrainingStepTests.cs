using Smvl.Tensors;
using Smvl.Tensors.Gpu.Checks;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>The gradient norm on the GPU beside what <see cref="OperationChecks"/> compare.</summary>
[Collection(GpuOperations.Name)]
public sealed class TrainingStepTests(GpuPair pair)
{
    [Theory, InlineData(1), InlineData(1000), InlineData(40000)]
    public void SumOfSquaresIsExact(int count)
    {
        using CheckTensors run = new(pair.Gpu);
        float[] values = CheckTensors.Normal(1, count);
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
        using CheckTensors run = new(pair.Gpu);
        Tensor[] tensors = [run.Random(1, 20000), run.Random(2, 1), run.Random(3, 333)];
        Assert.Equal(tensors.Sum(run.Backend.SumOfSquares), run.Backend.SumOfSquares(tensors));
        Assert.Equal(0, run.Backend.SumOfSquares([]));
    }
}
