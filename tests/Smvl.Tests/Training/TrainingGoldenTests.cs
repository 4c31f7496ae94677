using System.Globalization;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Training;

/// <summary>The same on the CPU.</summary>
[Trait("Category", Golden.Category)]
public sealed class TrainingGoldenTests : TrainingGoldens
{
    protected override Backend Open() => new CpuBackend(2);
}

/// <summary>fixtures/training: the HF Trainer's losses, gradient norms, learning rates and trained weights, within the fixtures' tolerances, on a backend.</summary>
public abstract class TrainingGoldens
{
    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Golden.Path("training"), "*.json").Order().Select(f => Path.GetFileNameWithoutExtension(f)!)];

    /// <summary>Where the model computes.</summary>
    protected abstract Backend Open();

    [Theory, MemberData(nameof(Cases))]
    public void LogAndWeightsMatch(string name)
    {
        using TemporaryFolder folder = new();
        using Backend backend = Open();
        RunFixture.Run(RunFixture.GoldenKeys(name, folder["run"]), backend);
        CheckLogAndWeights(name, folder["run"]);
    }

    /// <summary>What a run of <see cref="RunFixture.GoldenKeys(string, string)"/> left in its folder.</summary>
    internal static void CheckLogAndWeights(string name, string run)
    {
        JsonElement[] log = [.. Golden.Json("training", name + ".json").GetProperty("log").EnumerateArray()];
        JsonElement[] ours = [.. File.ReadLines(Path.Combine(run, "log.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(entry => entry.TryGetProperty("loss", out _))];
        Assert.Equal(log.Length, ours.Length);
        for (int i = 0; i < log.Length; i++)
        {
            Assert.Equal(Number(log[i], "step"), Number(ours[i], "step"));
            Assert.Equal(Number(log[i], "loss"), Number(ours[i], "loss"), 1e-4);
            Assert.Equal(1, Number(ours[i], "grad_norm") / Number(log[i], "grad_norm"), 1e-3);
            Assert.Equal(Number(log[i], "learning_rate"), Number(ours[i], "learning_rate"), 1e-12);
            Assert.Equal(Number(log[i], "epoch"), Number(ours[i], "epoch"), 1e-12);
        }

        using SafetensorsFile expected = Golden.Tensors("training", name + ".safetensors");
        using CheckpointFolder trained = CheckpointFolder.Open(run);
        foreach ((string tensor, Tensor value) in expected.Tensors)
        {
            // AdamW amplifies the rounding that this bias's gradient consists of (fixtures/README.md)
            bool amplified = tensor.Contains("vision_model", StringComparison.Ordinal) && tensor.EndsWith("k_proj.bias", StringComparison.Ordinal);
            Approx.Equal(value.Span<float>(), trained.Tensors[tensor].Span<float>(), tensor, amplified ? 0 : 1e-4, amplified ? 2e-3 : 1e-7);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void CheckpointingChangesNoLoss(string name)
    {
        using TemporaryFolder folder = new();
        JsonElement golden = Golden.Json("training", name + ".json");
        RecordingObserver observer = new();
        using Backend backend = Open();
        RunFixture.Run([.. RunFixture.GoldenKeys(name, folder["run"]), "--gradient_checkpointing"], backend, observer);
        double[] expected = [.. golden.GetProperty("log").EnumerateArray().Select(entry => Number(entry, "loss"))];
        Assert.Equal(expected.Length, observer.Steps.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], observer.Steps[i].Loss, 1e-4);
        }
    }

    private static double Number(JsonElement entry, string name) =>
        double.Parse(entry.GetProperty(name).GetRawText(), CultureInfo.InvariantCulture);
}
