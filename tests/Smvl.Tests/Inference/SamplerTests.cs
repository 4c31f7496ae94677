using Smvl.Inference;

namespace Smvl.Tests.Inference;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1f, 3f, 2f, -1f, 2.5f];

    [Fact]
    public void TemperatureZeroTakesTheLikeliest() => Assert.Equal(1, new Sampler(new()).Next(Logits, new HashSet<int>()));

    [Fact]
    public void RepetitionPenaltyDividesPositiveAndMultipliesNegativeLogits()
    {
        Sampler sampler = new(new() { RepetitionPenalty = 2 });
        Assert.Equal(4, sampler.Next(Logits, new HashSet<int> { 1 }));
        Assert.Equal(0, sampler.Next([-1f, -1.1f, -1.9f], new HashSet<int> { 1, 2 }));
        Assert.Equal(1, sampler.Next([-1f, -1.1f, -1.9f], new HashSet<int> { 0, 2 }));
    }

    [Fact]
    public void FrequenciesFollowTheProbabilities()
    {
        double[] expected = [.. Logits.Select(l => Math.Exp(l / 0.7))];
        CheckFrequencies(new() { Temperature = 0.7, Seed = 1 }, expected);
    }

    [Fact]
    public void TopKLeavesTheLikeliest() =>
        CheckFrequencies(new() { Temperature = 1, TopK = 2, Seed = 2 }, [0, Math.Exp(3), 0, 0, Math.Exp(2.5)]);

    [Fact]
    public void TopPLeavesTheFewestThatReachIt()
    {
        // probabilities: 1: 0.469, 4: 0.284, 2: 0.172, 0: 0.063, 3: 0.009
        CheckFrequencies(new() { Temperature = 1, TopP = 0.7, Seed = 3 }, [0, Math.Exp(3), 0, 0, Math.Exp(2.5)]);
        CheckFrequencies(new() { Temperature = 1, TopP = 0.8, Seed = 3 }, [0, Math.Exp(3), Math.Exp(2), 0, Math.Exp(2.5)]);
        CheckFrequencies(new() { Temperature = 1, TopP = 0.01, Seed = 3 }, [0, 1, 0, 0, 0]);
    }

    [Fact]
    public void ASeedReplaysAnAnswer()
    {
        int[] Draw(long seed)
        {
            Sampler sampler = new(new() { Temperature = 1, Seed = seed });
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next(Logits, new HashSet<int>()))];
        }

        Assert.Equal(Draw(5), Draw(5));
        Assert.NotEqual(Draw(5), Draw(6));
    }

    [Fact]
    public void LogProbabilitiesAreOfTheRawDistribution()
    {
        double total = Logits.Sum(l => Math.Exp(l));
        Assert.Equal(Math.Log(Math.Exp(2.5) / total), Sampler.LogProbability(Logits, 4), 1e-6);
        (int Id, float LogProbability)[] top = Sampler.TopLogProbabilities(Logits, 3);
        Assert.Equal([1, 4, 2], top.Select(t => t.Id));
        Assert.Equal(Math.Log(Math.Exp(3) / total), top[0].LogProbability, 1e-6);
    }

    [Theory]
    [InlineData(-1, 0, 1, 1, "temperature")]
    [InlineData(1, -1, 1, 1, "top_k")]
    [InlineData(1, 0, 0, 1, "top_p")]
    [InlineData(1, 0, 1.1, 1, "top_p")]
    [InlineData(1, 0, 1, 0, "repetition_penalty")]
    public void ValuesOutOfRangeAreRefused(double temperature, int topK, double topP, double penalty, string name)
    {
        SmvlException error = Assert.Throws<SmvlException>(
            () => new Sampler(new() { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty }));
        Assert.StartsWith(name, error.Message);
    }

    private static void CheckFrequencies(SamplingOptions options, double[] weights)
    {
        const int Draws = 20000;
        Sampler sampler = new(options);
        int[] counts = new int[weights.Length];
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Next(Logits, new HashSet<int>())]++;
        }

        for (int i = 0; i < weights.Length; i++)
        {
            double expected = weights[i] / weights.Sum();
            if (expected == 0)
            {
                Assert.Equal(0, counts[i]);
            }

            // five standard deviations
            Assert.Equal(expected, counts[i] / (double)Draws, 5 * Math.Sqrt(expected * (1 - expected) / Draws) + 1e-9);
        }
    }
}
