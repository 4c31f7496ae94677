using Smvl.Formats;
using Smvl.Inference;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Inference;

public sealed class TokenDivergenceTests
{
    [Fact]
    public void TheDivergenceIsPyTorchs()
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Inference", "data", "divergence.safetensors"));
        float[] expected = golden.Tensors["expected"].Span<float>().ToArray(), actual = golden.Tensors["actual"].Span<float>().ToArray();
        float[] kl = golden.Tensors["kl"].Span<float>().ToArray();
        byte[] same = golden.Tensors["same"].Span<byte>().ToArray();
        int width = expected.Length / kl.Length;
        TokenDivergence all = TokenDivergence.None;
        for (int row = 0; row < kl.Length; row++)
        {
            var found = TokenDivergence.Of(expected.AsSpan(row * width, width), actual.AsSpan(row * width, width));
            Assert.Equal(kl[row], found.MeanKl, kl[row] * 1e-6);
            Assert.Equal(same[row], found.Agreeing);
            all += found;
        }

        Assert.Equal(kl.Average(), all.MeanKl, kl.Average() * 1e-6);
        Assert.Equal(kl.Max(), all.LargestKl, kl.Max() * 1e-6);
        Assert.Equal((kl.Length, same.Sum(flag => flag)), (all.Positions, all.Agreeing));
    }

    [Fact]
    public void TwoEvenOddsAgainstOneToThree()
    {
        var found = TokenDivergence.Of([1000, 1000], [0, MathF.Log(3)]);
        Assert.Equal((0.5 * Math.Log(0.5 / 0.25)) + (0.5 * Math.Log(0.5 / 0.75)), found.MeanKl, 1e-7);
        Assert.Equal((0, 0.0), (found.Agreeing, found.Agreement));
        Assert.Equal(Math.Log(2), found.LargestDifference, 1e-6);
    }

    [Fact]
    public void AModelIsNoDistanceFromItself()
    {
        float[] logits = [.. Enumerable.Range(0, 3000).Select(i => 20 * MathF.Sin(i))];
        var found = TokenDivergence.Of(logits, logits);
        Assert.Equal((0.0, 0.0, 1.0), (found.MeanKl, found.LargestDifference, found.Agreement));
        Assert.Equal((0.0, 1.0), (TokenDivergence.None.MeanKl, TokenDivergence.None.Agreement));
    }

    [Fact]
    public void WhatIsNoNumberIsNoDistance() => Assert.True(double.IsNaN(TokenDivergence.Of([1, 2], [float.NaN, 2]).MeanKl));
}
