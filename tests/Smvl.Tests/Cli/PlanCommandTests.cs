using System.Text.Json;
using Smvl.Tests.Training;
using Smvl.Training;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl plan</c>: what it prints, picks, writes and refuses; and the same figures beside a run's own.</summary>
public sealed class PlanCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task EverythingIsNamed()
    {
        (int code, string output, string error) = await Run(["plan", .. Keys("--max_steps", "2", "--no_visual_gain")]);
        Assert.True(code == 0, error);
        Assert.All(["parameters", "connector", "memory", "weights", "gradients", "optimizer", "activations", "data", "tokens", "GFLOP", "per step", "in all", "checkpoints", "fits"], word => Assert.Contains(word, output));
        Assert.False(Directory.Exists(folder["run"]));

        JsonElement json = await Json(Keys("--max_steps", "2"));
        JsonElement stage = json.GetProperty("stages")[0];
        Assert.Equal(json.GetProperty("peak_memory_bytes").GetInt64(), stage.GetProperty("memory_bytes").GetProperty("total").GetInt64());
        Assert.Equal(stage.GetProperty("memory_bytes").EnumerateObject().Skip(1).Sum(kind => kind.Value.GetInt64()), json.GetProperty("peak_memory_bytes").GetInt64());
        Assert.True(stage.GetProperty("seconds_per_step").GetDouble() > 0);
        Assert.Equal(2, stage.GetProperty("steps").GetInt32());
    }

    [Fact]
    public async Task TheConfigurationIsWritten()
    {
        (int code, string output, string error) = await Run(["plan", .. Keys("--no-time", "--memory", "1000GB", "--output", folder["fits.yaml"], "--learning_rate", "1e-3")]);
        Assert.True(code == 0, error);
        Assert.Contains("as it is", output);
        TrainingArguments written = TrainingArguments.FromYaml(folder["fits.yaml"]);
        Assert.Equal((1e-3, Golden.Path("spliced")), (written.LearningRate, written.Model));
    }

    [Fact]
    public async Task WhatFitsNothingIsRefusedInOneLine()
    {
        string error = await Fails(["plan", .. Keys(), "--memory", "1MB"]);
        Assert.Contains("does not fit the memory limit", error);
        Assert.Contains("at least", error);
        Assert.Contains("no model is named", await Fails("plan", "--train_data", "fixture", "--model", "null"));
        Assert.Contains("learning_rat", (await Run("plan", "--learning_rat", "1")).Error);
        Assert.Equal(2, (await Run("plan", "--rows", "0")).Code);
    }

    /// <summary>A run says before what it expects, and afterwards what it took, and keeps both.</summary>
    [Fact]
    public void ARunTellsWhatItExpectedAndTook()
    {
        RecordingObserver observer = new();
        RunFixture.Run(Keys("--max_steps", "4"), observer);
        Assert.Contains(observer.Notes, note => note.StartsWith("expected peak of memory: ", StringComparison.Ordinal));
        Assert.Contains(observer.Notes, note => note.StartsWith("peak of memory: expected ", StringComparison.Ordinal));
        Assert.Contains(observer.Notes, note => note.StartsWith("seconds per step: expected ", StringComparison.Ordinal));
        using JsonDocument forecast = JsonDocument.Parse(File.ReadAllText(folder["run", "forecast.json"]));
        JsonElement memory = forecast.RootElement.GetProperty("peak_memory_bytes"), time = forecast.RootElement.GetProperty("seconds_per_step");
        Assert.True(memory.GetProperty("measured").GetInt64() > 0);
        Assert.Equal(memory.EnumerateObject().Where(kind => kind.Name.StartsWith("expected_", StringComparison.Ordinal)).Sum(kind => kind.Value.GetInt64()), memory.GetProperty("expected").GetInt64());

        // by the second step's seconds a token; the other two are measured
        StepReport[] steps = [.. observer.Steps];
        Assert.Equal(2, time.GetProperty("expected_after_steps").GetInt32());
        Assert.Equal(steps.Skip(2).Average(step => step.Waited + step.Seconds), time.GetProperty("measured").GetDouble(), 9);
    }

    /// <summary>Pictures are cut into no more tiles than the key says, and the samples are shorter by their rows.</summary>
    [Fact]
    public async Task MaxTilesBoundsTheTiles()
    {
        List<string> keys = [.. LargePictures.Keys(folder), "--output_dir", folder["run"], "--max_steps", "1", "--no-time"];
        JsonElement few = (await Json([.. keys, "--max_tiles", "5"])).GetProperty("stages")[0].GetProperty("data");
        JsonElement all = (await Json([.. keys])).GetProperty("stages")[0].GetProperty("data");
        Assert.Equal(LargePictures.Tiles, all.GetProperty("most_tiles").GetInt32());
        Assert.Equal(5, few.GetProperty("most_tiles").GetInt32());
        Assert.True(few.GetProperty("most_tokens").GetInt32() < all.GetProperty("most_tokens").GetInt32() / 4);
    }

    private List<string> Keys(params string[] more) => RunFixture.Keys(folder["run"], more);

    private static async Task<JsonElement> Json(List<string> keys)
    {
        (int code, string output, string error) = await Run(["plan", .. keys, "--json"]);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }
}
