using Smvl.Data;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Models;

/// <summary>Algorithm 1 of the NEFTune paper: uniform noise times alpha / sqrt(L·d), a sample at a time.</summary>
public sealed class EmbeddingNoiseTests
{
    private const int Width = 256;
    private const double Alpha = 5;

    [Fact]
    public void ElementsAreUniformAndEachSamplesLengthSetsTheirScale()
    {
        int[] lengths = [40, 400];
        float[] noise = Noise(new EmbeddingNoise(Alpha, 1), lengths);
        int next = 0;
        foreach (int length in lengths)
        {
            double magnitude = Alpha / Math.Sqrt(length * Width);
            float[] sample = noise[next..(next + (length * Width))];
            Assert.All(sample, value => Assert.InRange(value, -magnitude, magnitude));
            Assert.InRange(sample.Max(), 0.99 * magnitude, magnitude);
            Assert.Equal(0, sample.Average() / magnitude, 0.02);
            Assert.Equal(1.0 / 3, sample.Average(value => value * value) / (magnitude * magnitude), 0.01);   // variance of the uniform distribution
            next += sample.Length;
        }
    }

    [Fact]
    public void RunStepAndMicroBatchDecideTheNoise()
    {
        EmbeddingNoise? first = EmbeddingNoise.For(Alpha, seed: 42, step: 3, micro: 1);
        Assert.Equal(Noise(first!.Value, [5]), Noise(EmbeddingNoise.For(Alpha, 42, 3, 1)!.Value, [5]));
        foreach (EmbeddingNoise? other in new[] { EmbeddingNoise.For(Alpha, 43, 3, 1), EmbeddingNoise.For(Alpha, 42, 4, 1), EmbeddingNoise.For(Alpha, 42, 3, 2) })
        {
            Assert.NotEqual(Noise(first.Value, [5]), Noise(other!.Value, [5]));
        }

        Assert.Null(EmbeddingNoise.For(0, 42, 3, 1));
    }

    [Fact]
    public void ImageRowsStayAsTheyAre()
    {
        using FixtureModel fixture = new();
        using ForwardCase golden = new("one-image-connector", fixture.Config);
        fixture.Model.Unfreeze(parameter => parameter.Name.StartsWith("connector.", StringComparison.Ordinal));
        (double plain, double noisy) = Losses(golden.Batch);
        Assert.NotEqual(plain, noisy);

        // the same picture without a word around it
        Sample sample = golden.Samples[0];
        int[] ids = [.. sample.Ids.Where(id => id == fixture.Config.ImageTokenId)];
        int[] labels = [.. Enumerable.Repeat(Batch.Ignored, ids.Length - 1), 5];
        using var wordless = new Batch([new Sample(ids, labels, NativeBytes.Of(sample.Tiles.Memory.Span), sample.TileCount)], fixture.Config.ImageTokenId);
        (plain, noisy) = Losses(wordless);
        Assert.Equal(plain, noisy);

        (double Plain, double Noisy) Losses(Batch batch) => (
            fixture.Model.LossAndGradients(batch, 1), fixture.Model.SampleLossesAndGradients(batch, 1, new EmbeddingNoise(Alpha, 1)).Sum());
    }

    private static float[] Noise(EmbeddingNoise noise, int[] lengths)
    {
        using CpuBackend backend = new(1);
        using Tensor x = backend.Zeros(lengths.Sum(), Width);
        noise.AddTo(x, lengths, backend);
        return x.Span<float>().ToArray();
    }
}
