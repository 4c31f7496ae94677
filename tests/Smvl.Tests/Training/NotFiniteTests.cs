using System.Runtime.InteropServices;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Models;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>NaN and infinity: where they begin, and what a run leaves to be looked into.</summary>
public sealed class NotFiniteTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    /// <summary>A weight so large that its own product overflows is named, in whichever part it lies.</summary>
    [Theory]
    [InlineData("text.layers.1.mlp.down", "Linear")]
    [InlineData("vision.layers.0.mlp.fc2.weight", "Linear")]
    [InlineData("connector.weight", "Linear")]
    public void TheFirstBadTensorIsNamed(string name, string operation)
    {
        using CpuBackend cpu = new(2);
        using FiniteWatch watch = new(cpu);
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), watch);
        using ForwardCase given = new("two-images-vision", folder.Model.Config);
        Parameter parameter = folder.Model.Parameters.Single(p => p.Name == name);
        folder.Model.Unfreeze(p => p == parameter);
        parameter.Value.Span<float>().Fill(3e38f);
        Assert.Null(watch.First);
        watch.Watch(folder.Model.Parameters.Select(p => (p.Name, p.Value)), () => folder.Model.Loss(given.Batch));
        Assert.Equal((name, operation), (watch.First!.Parameter, watch.First.Operation));
        Assert.Contains($"y {watch.First.Shape} of {operation} with {name}", watch.First.ToString());
        Assert.True(watch.First.NotFinite > 0);
    }

    [Fact]
    public void WhatIsFiniteIsNotNamed()
    {
        using CpuBackend cpu = new(2);
        using FiniteWatch watch = new(cpu);
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), watch);
        folder.Model.Unfreeze(_ => true);
        using ForwardCase given = new("two-images-vision", folder.Model.Config);
        watch.Watch(folder.Model.Parameters.Select(p => (p.Name, p.Value)), () => folder.Model.LossAndGradients(given.Batch, 1));
        Assert.Null(watch.First);
    }

    /// <summary>A rate at which the first update sends the weights off; the second step cannot be computed.</summary>
    [Fact]
    public void TheRunStopsBeforeTheUpdateAndLeavesItsBatch()
    {
        RecordingObserver observer = new();
        SmvlException error = Assert.Throws<SmvlException>(() => RunFixture.Run(
            RunFixture.Keys(
                temporary["run"], "--freeze", "full", "--learning_rate", "1e30", "--lr_scheduler_type", "constant", "--max_steps", "3", "--eval_rows", "0",
                "--per_device_train_batch_size", "2", "--save_steps", "1"),
            observer));
        int step = observer.Steps[^1].Step + 1;
        Assert.Contains("is not finite", error.Message);
        Assert.Contains("first in", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        string left = temporary["run", $"not_finite-{step}"];
        Assert.Contains(left, error.Message);

        JsonElement report = JsonDocument.Parse(File.ReadAllText(Path.Combine(left, NotFiniteReport.FileName))).RootElement;
        Assert.Equal(step, report.GetProperty("step").GetInt32());
        Assert.NotEmpty(report.GetProperty("first").GetString()!);
        Assert.Equal(2, report.GetProperty("rows").GetArrayLength());
        Assert.Equal("fixture", report.GetProperty("rows")[0].GetProperty("dataset").GetString());
        Assert.True(report.GetProperty("tensors").GetArrayLength() > 10);
        using SafetensorsFile batch = SafetensorsFile.Open(Path.Combine(left, NotFiniteReport.BatchName));
        Assert.Equal(2, batch.Tensors["lengths"].Shape[0]);
        Assert.Equal(batch.Tensors["lengths"].Span<int>().ToArray().Sum(), batch.Tensors["input_ids"].Shape[0]);
        Assert.NotEmpty(Directory.GetFiles(left, "sample-1-tile-*.png"));
        Assert.True(Directory.Exists(temporary["run", $"checkpoint-{step - 1}"]));
    }

    /// <summary>A run names the one tensor that was made bad, or the operation that it broke, and nothing that only follows from it.</summary>
    [Theory]
    [InlineData("vision.position_embedding", float.NaN, @"the weight vision\.position_embedding \[")]
    [InlineData("text.layers.1.mlp.up", float.NaN, @"the weight text\.layers\.1\.mlp\.up \[")]
    [InlineData("text.layers.1.mlp.up", 3e38f, @"y \[\d+, \d+\] of LinearGroup with text\.layers\.1\.mlp\.up, on ")]
    [InlineData("vision.layers.1.mlp.fc1.weight", 3e38f, @"y \[\d+, \d+\] of Linear with vision\.layers\.1\.mlp\.fc1\.weight, on ")]
    public void WhatWasMadeBadIsNamed(string name, float value, string expected)
    {
        string message = Error((name, value, value == 3e38f));
        Assert.Matches($"^step 1: .* first in {expected}", message);
        Assert.DoesNotContain('\n', message);
    }

    /// <summary>
    /// The tower's output is made 0, so that every activation is finite, and the connector's weights so large that the gradient which goes
    /// back through them is not.
    /// </summary>
    [Fact]
    public void AGradientThatOverflowsIsNamed()
    {
        string message = Error(("vision.post_norm.weight", 0, true), ("vision.post_norm.bias", 0, true), ("connector.weight", 3e38f, true));
        Assert.Contains("the gradient of vision.", message);
        Assert.Matches(@"first in dx \[\d+, 768\] of LinearBackwardInput with connector\.weight, on ", message);
    }

    /// <summary>The message of a run on the fixtures' model with other numbers in some of its tensors: the first, or all of them.</summary>
    private string Error(params (string Name, float Value, bool All)[] changes)
    {
        string model = temporary.CopyOfGolden("spliced"), path = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        using (CpuBackend cpu = new(1))
        using (ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), cpu))
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            foreach ((string name, float value, bool all) in changes)
            {
                Span<float> numbers = file.Tensors[folder.Model.Parameters.Single(p => p.Name == name).HuggingFace].Span<float>();
                int start = bytes.AsSpan().IndexOf(MemoryMarshal.AsBytes(numbers));
                MemoryMarshal.Cast<byte, float>(bytes.AsSpan(start, (all ? numbers.Length : 1) * sizeof(float))).Fill(value);
            }
        }

        File.WriteAllBytes(path, bytes);
        List<string> keys = RunFixture.Keys(temporary["run"], "--max_steps", "1", "--per_device_train_batch_size", "1", "--freeze", "full");
        keys[1] = model;
        return Assert.Throws<SmvlException>(() => RunFixture.Run(keys)).Message;
    }
}
