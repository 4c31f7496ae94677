using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Optimizers;

namespace Smvl.Tests.Models;

/// <summary>fixtures/lora.</summary>
[Trait("Category", Golden.Category)]
public sealed class LoraGoldenTests() : AdapterGoldens("lora");

/// <summary>fixtures/dora.</summary>
[Trait("Category", Golden.Category)]
public sealed class DoraGoldenTests() : AdapterGoldens("dora");

/// <summary>An adapter in PEFT's layout, and what PyTorch computes with PEFT's formula (scripts/make_lora_fixture.py).</summary>
public abstract class AdapterGoldens : IDisposable
{
    private const double Relative = 1e-4;
    private const double Absolute = 1e-7;

    private readonly string kind;
    private readonly FixtureModel fixture = new();
    private readonly ForwardCase input;
    private readonly SafetensorsFile golden;

    protected AdapterGoldens(string kind)
    {
        this.kind = kind;
        golden = Golden.Tensors(kind, "golden.safetensors");
        input = new ForwardCase("two-images-vision", fixture.Config);
        AdapterFolder.Attach(fixture.Model, Golden.Path(kind, "adapter"));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        golden.Dispose();
        input.Dispose();
        fixture.Dispose();
    }

    [Fact]
    public void LogitsMatch() => CheckLogits();

    [Fact]
    public void MergedWeightsAndTheirLogitsMatch()
    {
        fixture.Model.MergeAdapters();
        Assert.DoesNotContain(fixture.Model.Parameters, p => p.IsAdapter);
        foreach ((string name, Tensor merged) in golden.Tensors.Where(t => t.Key.StartsWith("merged.", StringComparison.Ordinal)))
        {
            Parameter parameter = fixture.Model.Parameters.Single(p => "merged." + p.HuggingFace == name);
            Approx.Equal(merged.Span<float>(), parameter.Value.Span<float>(), name, 1e-6, 0);
        }

        CheckLogits();
    }

    /// <summary>The same model with adapters beside its weights and in them: logits of about 1 agree within 1e-5 of the largest.</summary>
    [Fact]
    public void MergingChangesNothingButRounding()
    {
        float[] beside = Logits(), merged;
        fixture.Model.MergeAdapters();
        merged = Logits();
        Approx.Equal(beside, merged, "logits", 1e-5, 0);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void LossAndGradientsMatch(bool checkpointing)
    {
        Unfreeze();
        fixture.Model.GradientCheckpointing = checkpointing;
        double loss = fixture.Model.LossAndGradients(input.Batch, 1.0 / input.Batch.Targets.Count);
        Assert.Equal(golden.Tensors["loss"].Span<float>()[0], loss / input.Batch.Targets.Count, 1e-4);
        Dictionary<string, Parameter> trained = fixture.Model.Parameters.Where(p => p.Trainable).ToDictionary(Key);
        Assert.Equal(golden.Tensors.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Order(), trained.Keys.Select(name => "grad." + name).Order());
        Assert.All(trained, p => Approx.Equal(golden.Tensors["grad." + p.Key].Span<float>(), p.Value.Gradient!.Span<float>(), p.Key, Relative, Absolute));

        // and nothing but these has one
        Assert.All(fixture.Model.Parameters.Where(p => !p.IsAdapter && p.Part != ModelPart.Connector), p => Assert.Null(p.Gradient));
    }

    /// <summary>Three updates of torch.optim.AdamW with a rate for each part, as the golden's header lists them.</summary>
    [Fact]
    public void TrainingWithARateForEachPartMatches()
    {
        const int Steps = 3;
        Unfreeze();
        TrainingArguments arguments = TrainingArguments.FromCommandLine(
            "--learning_rate", "1e-2", "--learning_rate_connector", "2e-2", "--learning_rate_vision", "5e-3",
            "--weight_decay", "0.1", "--adam_epsilon", "1e-3", "--max_grad_norm", "1.0");
        LearningRateSchedule schedule = LearningRateSchedule.Create(arguments, warmupSteps: 0, maxSteps: Steps);
        using Optimizer optimizer = new(fixture.Model, arguments);
        for (int step = 0; step < Steps; step++)
        {
            optimizer.ZeroGradients();
            double loss = fixture.Model.LossAndGradients(input.Batch, 1.0 / input.Batch.Targets.Count);
            Assert.Equal(golden.Tensors["step.loss"].Span<float>()[step], loss / input.Batch.Targets.Count, 1e-4);
            double clip = Math.Min(1, arguments.MaxGradNorm / (optimizer.GradientNorm() + 1e-6));
            optimizer.Update(schedule.Multiplier(step), step + 1, (float)clip);
        }

        Assert.All(
            fixture.Model.Parameters.Where(p => p.Trainable),
            p => Approx.Equal(golden.Tensors["trained." + Key(p)].Span<float>(), p.Value.Span<float>(), Key(p), Relative, Absolute));
    }

    [Fact]
    public void TheFolderIsPefts()
    {
        using TemporaryFolder folder = new();
        AdapterFolder.Write(fixture.Model, folder.Path, Golden.Path("spliced"));
        using SafetensorsFile theirs = Golden.Tensors(kind, "adapter", AdapterFolder.WeightsName), ours = SafetensorsFile.Open(folder[AdapterFolder.WeightsName]);
        Assert.Equal(theirs.Tensors.Keys.Order(), ours.Tensors.Keys.Order());
        Assert.All(theirs.Tensors, t => Assert.Equal(t.Value.Span<float>().ToArray(), ours.Tensors[t.Key].Span<float>().ToArray()));
        using System.Text.Json.JsonDocument expected = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Golden.Path(kind, "adapter", AdapterFolder.ConfigName)));
        using System.Text.Json.JsonDocument actual = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(folder[AdapterFolder.ConfigName]));
        foreach (System.Text.Json.JsonProperty field in actual.RootElement.EnumerateObject())
        {
            Assert.Equal(
                field.Name switch
                {
                    "base_model_name_or_path" => $"\"{Golden.Path("spliced")}\"",
                    _ => Sorted(expected.RootElement.GetProperty(field.Name)),
                },
                Sorted(field.Value));
        }
    }

    private static string Key(Parameter parameter) => parameter.IsAdapter ? parameter.HuggingFace : AdapterFolder.Prefix + parameter.HuggingFace;

    private static string Sorted(System.Text.Json.JsonElement value) =>
        value.ValueKind == System.Text.Json.JsonValueKind.Array ? string.Join(' ', value.EnumerateArray().Select(item => item.GetString()).Order(StringComparer.Ordinal)) : value.GetRawText();

    private void Unfreeze() => fixture.Model.Unfreeze(p => p.IsAdapter || p.Part == ModelPart.Connector);

    private float[] Logits()
    {
        using Tensor logits = fixture.Model.Logits(input.Batch, [.. Enumerable.Range(0, input.Batch.Ids.Count)]);
        return logits.Span<float>().ToArray();
    }

    private void CheckLogits()
    {
        float[] padded = golden.Tensors["logits"].Span<float>().ToArray();
        int width = fixture.Config.Text.VocabularySize;
        Approx.Equal([.. input.LogitRows.SelectMany(row => padded.Skip(row * width).Take(width))], Logits(), "logits", Relative, Absolute);
    }
}
