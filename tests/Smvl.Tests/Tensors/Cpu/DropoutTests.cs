using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

public sealed class DropoutTests
{
    [Theory, InlineData(0.1f), InlineData(0.5f)]
    public void AShareIsLeftOutAndTheRestScaledUp(float probability)
    {
        using CpuBackend one = new(1), three = new(3);
        float[] first = Masked(one, probability, key: 7), again = Masked(three, probability, key: 7), other = Masked(one, probability, key: 8);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.All(first, value => Assert.True(value == 0 || value == 2 / (1 - probability), $"{value}"));

        // a binomial share: five deviations
        double deviation = Math.Sqrt(probability * (1 - probability) / first.Length);
        Assert.Equal(probability, first.Count(value => value == 0) / (double)first.Length, 5 * deviation);
        Assert.Equal(probability * probability, first.Zip(other).Count(pair => pair is (0, 0)) / (double)first.Length, 5 * deviation);
    }

    private static float[] Masked(CpuBackend backend, float probability, ulong key)
    {
        using Tensor x = backend.Allocate(301, 333);
        backend.Fill(x, 2);
        backend.Dropout(x, x, probability, key);
        return x.Span<float>().ToArray();
    }
}
