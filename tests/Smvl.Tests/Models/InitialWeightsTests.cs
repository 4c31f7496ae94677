using System.Runtime.InteropServices;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Tests.Models;

public sealed class InitialWeightsTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(7, 2)]
    [InlineData(1_600_001, 1)]   // several pieces, the last of odd length
    [InlineData(1_600_001, 2)]
    [InlineData(1_600_001, 3)]
    public void ATensorIsWrittenWholeWhateverThePieces(int count, int threads)
    {
        float[] values = Written(InitialWeights.Normal("x", DType.F32, new Shape(count), seed: 3, deviation: 0.02, threads));
        float[] whole = new float[count];
        new CounterRandom(3, "x").Normal(whole, 0, 0.02);
        Assert.Equal(whole, values);
    }

    [Fact]
    public void NormalDeviatesHaveTheirMoments()
    {
        float[] values = Written(InitialWeights.Normal("x", DType.F32, new Shape(1000, 1000), seed: 1, deviation: 0.02, threads: 2));
        Assert.InRange(values.Average(), -1e-4, 1e-4);
        Assert.InRange(Math.Sqrt(values.Average(v => (double)v * v)), 0.01995, 0.02005);
        Assert.InRange(values.Average(v => Math.Pow(v / 0.02, 4)), 2.95, 3.05);   // no heavier or lighter tails
        Assert.InRange(values.Zip(values.Skip(1), (a, b) => a * b / 4e-4).Average(), -0.005, 0.005);   // neighbours do not know each other
    }

    [Fact]
    public void UniformDeviatesFillTheirRange()
    {
        float[] values = Written(InitialWeights.Uniform("x", DType.F32, new Shape(100_000), seed: 1, bound: 0.5, threads: 2));
        Assert.InRange(values.Min(), -0.5, -0.4999);
        Assert.InRange(values.Max(), 0.4999, 0.5);
        Assert.InRange(values.Average(), -0.005, 0.005);
    }

    [Fact]
    public void SeedAndNameDecide()
    {
        float[] first = Written(InitialWeights.Normal("x", DType.F32, new Shape(64), seed: 1, deviation: 1, threads: 2));
        Assert.Equal(first, Written(InitialWeights.Normal("x", DType.F32, new Shape(8, 8), seed: 1, deviation: 1, threads: 2)));
        Assert.NotEqual(first, Written(InitialWeights.Normal("x", DType.F32, new Shape(64), seed: 2, deviation: 1, threads: 2)));
        Assert.NotEqual(first, Written(InitialWeights.Normal("y", DType.F32, new Shape(64), seed: 1, deviation: 1, threads: 2)));
    }

    [Fact]
    public void BFloat16IsTheNearest()
    {
        float[] exact = Written(InitialWeights.Normal("x", DType.F32, new Shape(1001), seed: 1, deviation: 1, threads: 2));
        ushort[] halves = [.. MemoryMarshal.Cast<byte, ushort>(Bytes(InitialWeights.Normal("x", DType.BF16, new Shape(1001), seed: 1, deviation: 1, threads: 2)))];
        for (int i = 0; i < exact.Length; i++)
        {
            float Value(int offset) => BitConverter.UInt32BitsToSingle((uint)(halves[i] + offset) << 16);
            float error = Math.Abs(Value(0) - exact[i]);
            Assert.True(error <= Math.Abs(Value(1) - exact[i]) && error <= Math.Abs(Value(-1) - exact[i]), $"[{i}] {exact[i]} became {Value(0)}");
        }
    }

    private static float[] Written(TensorSource source) => [.. MemoryMarshal.Cast<byte, float>(Bytes(source))];

    private static byte[] Bytes(TensorSource source)
    {
        using var stream = new MemoryStream();
        source.Write(stream);
        return stream.ToArray();
    }
}
