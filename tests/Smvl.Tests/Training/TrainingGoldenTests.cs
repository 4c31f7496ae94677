using System.Globalization;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Training;

/// <summary>fixtures/training: the HF Trainer's losses, gradient norms, learning rates and trained weights, within the fixtures' tolerances.</summary>
[Trait("Category", Golden.Category)]
public sealed class TrainingGoldenTests
{
    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Golden.Path("training"), "*.json").Order().Select(f => Path.GetFileNameWithoutExtension(f)!)];

    [Theory, MemberData(nameof(Cases))]
    public void LogAndWeightsMatch(string name)
    {
        using TemporaryFolder folder = new();
        JsonElement golden = Golden.Json("training", name + ".json");
        List<string> keys = RunFixture.GoldenKeys(folder["run"]);
        keys.AddRange(["--freeze", FreezeOf(name)]);
        foreach (JsonProperty argument in golden.GetProperty("args").EnumerateObject())
        {
            keys.AddRange([$"--{argument.Name}", argument.Value.ToString()]);
        }

        RecordingObserver observer = new();
        RunFixture.Run(keys, observer);

        JsonElement[] log = [.. golden.GetProperty("log").EnumerateArray()];
        JsonElement[] ours = [.. File.ReadLines(folder["run", "log.jsonl"])
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
        using CheckpointFolder trained = CheckpointFolder.Open(folder["run"]);
        foreach ((string tensor, Smvl.Tensors.Tensor value) in expected.Tensors)
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
        List<string> keys = RunFixture.GoldenKeys(folder["run"]);
        keys.AddRange(["--freeze", FreezeOf(name), "--gradient_checkpointing"]);
        foreach (JsonProperty argument in golden.GetProperty("args").EnumerateObject())
        {
            keys.AddRange([$"--{argument.Name}", argument.Value.ToString()]);
        }

        RecordingObserver observer = new();
        RunFixture.Run(keys, observer);
        double[] expected = [.. golden.GetProperty("log").EnumerateArray().Select(entry => Number(entry, "loss"))];
        Assert.Equal(expected.Length, observer.Steps.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], observer.Steps[i].Loss, 1e-4);
        }
    }

    private static string FreezeOf(string name) => name.Split('-')[0] switch
    {
        "connector" => "connector",
        "vision" => "connector+vision",
        "full" => "full",
        string other => throw new InvalidDataException($"fixture {name}: {other} is no freeze policy"),
    };

    private static double Number(JsonElement entry, string name) =>
        double.Parse(entry.GetProperty(name).GetRawText(), CultureInfo.InvariantCulture);
}
