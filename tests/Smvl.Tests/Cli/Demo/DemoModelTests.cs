using Smvl.Data;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Cli.Demo;

/// <summary>The committed demo-model on held-out pictures.</summary>
public sealed class DemoModelTests
{
    private const int Questions = 60;

    /// <summary>What it is known to have learnt; a picture that is not its own would bring it to the most frequent answer.</summary>
    [Theory]
    [InlineData("scenes_zh.color", 0.6)]
    [InlineData("scenes_zh.shape", 0.7)]
    [InlineData("scenes_zh.position", 0.6)]
    [InlineData("scenes_zh.size", 0.8)]
    [InlineData("scenes_zh.count", 0.6)]
    public void TheDemoModelSees(string kind, double least)
    {
        string samples = Path.Combine(Golden.Root, "samples");
        using CpuBackend backend = new(2);
        using ModelFolder model = ModelFolder.Open(Path.Combine(samples, "demo-model"), backend);
        using CauldronDataset data = CauldronDataset.Open(Path.Combine(samples, "data"), Path.Combine(samples, "data", "scenes_zh", "test-00000-of-00001.parquet"));
        ScoredQuestion[] asked = [.. ScoredQuestion.Read(data).Where(question => question.Kind == kind).Take(Questions)];
        KindScore seen = Assert.Single(AnswerAccuracy.Score(model, asked).Kinds), blind = Assert.Single(AnswerAccuracy.Score(model, asked, blind: true).Kinds);
        Assert.Equal(Questions, seen.Total);
        Assert.True(seen.Accuracy >= least && seen.Accuracy > Math.Max(blind.Accuracy, seen.Majority) + 0.15, $"{seen.Accuracy} {blind.Accuracy} {seen.Majority}");
    }
}
