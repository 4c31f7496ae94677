using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Models;
using Smvl.Training;
using Smvl.Training.Optimizers;

namespace Smvl.Tests.Training;

public sealed class FreezeRulesTests : IDisposable
{
    private readonly FixtureModel fixture = new();

    public void Dispose() => fixture.Dispose();

    [Theory]
    [InlineData("model.connector.modality_projection.proj.weight")]
    [InlineData("", "--freeze_parameters", "model.connector")]
    [InlineData("model.text_model.norm.weight", "--freeze_parameters", "*", "--trainable_parameters", "model.text_model.norm")]
    [InlineData(
        "model.vision_model.post_layernorm.bias model.vision_model.post_layernorm.weight model.connector.modality_projection.proj.weight",
        "--freeze", "connector+vision", "--freeze_parameters", "model.vision_model", "--trainable_parameters", "model.vision_model.post_*")]
    [InlineData(
        "model.connector.modality_projection.proj.weight model.text_model.layers.1.mlp.down_proj.weight model.text_model.layers.1.mlp.gate_proj.weight model.text_model.layers.1.mlp.up_proj.weight",
        "--trainable_parameters", "model.text_model.layers.{1..1}.mlp")]
    [InlineData(
        "model.connector.modality_projection.proj.weight model.text_model.layers.0.mlp.up_proj.weight model.text_model.layers.1.mlp.up_proj.weight",
        "--trainable_parameters=model.text_model.layers.[01].mlp.up_proj.weight")]
    public void PatternsTakeAwayThenAdd(string expected, params string[] keys)
    {
        var rules = new FreezeRules(Arguments(keys));
        Assert.Equal(
            expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            fixture.Model.Parameters.Where(rules.Trains).Select(parameter => parameter.HuggingFace).Order());
    }

    [Theory]
    [InlineData("trainable_parameters: model.text_model.layers.*.mlp.up_prj.weight matches no tensor", "did you mean model.text_model.layers.*.mlp.up_proj.weight", "--trainable_parameters", "model.text_model.layers.*.mlp.up_prj.weight")]
    [InlineData("freeze_parameters: model.vision_modle matches no tensor", "did you mean model.vision_model", "--freeze_parameters", "model.vision_modle")]
    [InlineData("nothing is left to train", "connector, freeze_parameters *", "--freeze_parameters", "*")]
    public void WhatMatchesNothingIsAnError(string first, string second, params string[] keys)
    {
        string error = Assert.Throws<SmvlException>(() => Check(keys)).Message;
        Assert.Contains(first, error, StringComparison.Ordinal);
        Assert.Contains(second, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layers.{1..a}"), InlineData("layers.{1"), InlineData("layers.1}")]
    public void BracesHoldNumbers(string pattern) =>
        Assert.Contains("the braces", Assert.Throws<SmvlException>(() => Check(["--trainable_parameters", pattern])).Message, StringComparison.Ordinal);

    [Fact]
    public void ARateWithoutItsPartIsTold()
    {
        Assert.Equal(["learning_rate_vision has nothing to act on: that part is frozen"], Check(["--learning_rate_vision", "1e-5", "--learning_rate_connector", "1e-3"]));
        Assert.Empty(Check(["--freeze", "full", "--learning_rate_text", "1e-5", "--learning_rate_vision", "0"]));
    }

    [Fact]
    public void RowsOfImageMarkersAreOfTheTextDecoder()
    {
        string[] rate = ["--learning_rate_text", "1e-5"], frozen = ["--freeze_parameters", "model.text_model.embed_tokens"];
        Assert.Empty(Check(rate, hasMarkers: true));
        Assert.Empty(Check(["--freeze_parameters", "model.connector"], hasMarkers: true));
        Assert.Equal(["learning_rate_text has nothing to act on: that part is frozen"], Check([.. rate, .. frozen], hasMarkers: true));
    }

    [Fact]
    public void TensorsThatAreAlikeAreOneLine()
    {
        TrainingArguments arguments = Arguments(
            "--freeze", "full", "--freeze_parameters", "*", "--trainable_parameters", "model.connector,model.text_model.layers.*.mlp.up_proj,model.vision_model.encoder.layers.1.mlp.fc1",
            "--learning_rate", "1e-4", "--learning_rate_text", "2.5e-6");
        var rules = new FreezeRules(arguments);
        ModelConfig config = fixture.Config;
        string connector = $"[{config.Text.HiddenSize}, {config.ConnectorInputSize}]";
        Assert.Equal(
            [
                $"model.vision_model.encoder.layers.1.mlp.fc1.weight  [{config.Vision.IntermediateSize}, {config.Vision.HiddenSize}]",
                $"model.vision_model.encoder.layers.1.mlp.fc1.bias  [{config.Vision.IntermediateSize}]",
                $"model.connector.modality_projection.proj.weight  {connector}",
                $"model.text_model.layers.{{0..{config.Text.LayerCount - 1}}}.mlp.up_proj.weight  {config.Text.LayerCount} x [{config.Text.IntermediateSize}, {config.Text.HiddenSize}]",
            ],
            TrainedListing.Lines([.. fixture.Model.Parameters.Where(rules.Trains)], arguments).Select(line => line[..line.LastIndexOf("  ", line.LastIndexOf("  ", StringComparison.Ordinal) - 1, StringComparison.Ordinal)]));
        Assert.Equal(
            ["lr 1e-04", "lr 1e-04", "lr 1e-04", "lr 2.5e-06"],
            TrainedListing.Lines([.. fixture.Model.Parameters.Where(rules.Trains)], arguments).Select(line => line[line.LastIndexOf("lr ", StringComparison.Ordinal)..]));
    }

    [Fact]
    public void EveryPartHasItsRateUnderOneSchedule()
    {
        TrainingArguments arguments = Arguments(
            "--freeze", "full", "--learning_rate", "0.4", "--learning_rate_connector", "0.2", "--learning_rate_vision", "0.1", "--weight_decay", "0.5");
        fixture.Model.Unfreeze(_ => true);
        using Optimizer optimizer = new(fixture.Model, arguments);
        Dictionary<string, float> before = fixture.Model.Parameters.ToDictionary(p => p.Name, p => p.Value.Span<float>()[0]);
        optimizer.ZeroGradients();
        optimizer.Update(multiplier: 0.5, step: 1, gradientScale: 1);
        foreach (Parameter parameter in fixture.Model.Parameters.Where(p => p.Shape.Rank > 1))
        {
            // without a gradient only the decay moves a weight: by rate times multiplier times weight_decay
            double rate = parameter.Part switch { ModelPart.Connector => 0.2, ModelPart.Vision => 0.1, _ => 0.4 };
            Assert.Equal(before[parameter.Name] * (float)(1 - (rate * 0.5 * 0.5)), parameter.Value.Span<float>()[0], 1e-6);
        }
    }

    [Fact]
    public void ARunContinuesWithTheSamePatternsOnly()
    {
        using TemporaryFolder folder = new();
        List<string> keys = RunFixture.Keys(folder["run"], "--max_steps", "2", "--save_steps", "1", "--eval_rows", "0", "--trainable_parameters", "model.text_model.norm");
        RecordingObserver observer = new();
        RunFixture.Run(keys, observer);
        Assert.Equal(["model.connector", "model.text_model.norm.weight"], observer.Trainable.Select(line => line[..Math.Min(line.IndexOf(' ', StringComparison.Ordinal), line.StartsWith("model.connector", StringComparison.Ordinal) ? 15 : 99)]));
        string error = Assert.Throws<SmvlException>(() => RunFixture.Run(RunFixture.Keys(folder["run"], "--max_steps", "3", "--eval_rows", "0"))).Message;
        Assert.Contains("freeze differs", error, StringComparison.Ordinal);
        Assert.Contains("connector, trainable_parameters model.text_model.norm", error, StringComparison.Ordinal);

        // the tensors that were not named kept their bytes
        Dictionary<string, byte[]> source = RunFixture.Weights(Golden.Path("spliced")), trained = RunFixture.Weights(folder["run"]);
        Assert.Equal(
            ["model.connector.modality_projection.proj.weight", "model.text_model.norm.weight"],
            trained.Where(tensor => !tensor.Value.AsSpan().SequenceEqual(source[tensor.Key])).Select(tensor => tensor.Key).Order());
    }

    private static TrainingArguments Arguments(params string[] keys) => TrainingArguments.FromCommandLine(["--output_dir", "unused", .. keys]);

    private IReadOnlyList<string> Check(string[] keys, bool hasMarkers = false) => new FreezeRules(Arguments(keys)).Check(fixture.Model.Parameters, "model", hasMarkers);
}
