using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Tensors.Cpu;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Training;

/// <summary>Runs with adapters: what they train, leave and write, and that they continue.</summary>
public sealed class LoraTrainingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData("0.3", "false"), InlineData("0", "false"), InlineData("0.3", "true"), InlineData("0", "true")]
    public void AnInterruptedRunContinuesBitForBit(string dropout, string dora)
    {
        List<string> Keys(string output) => RunFixture.Keys(
            folder[output], "--lora_r", "4", "--lora_dropout", dropout, "--use_dora", dora, "--lora_target_modules", "all-linear", "--eval_rows", "0", "--save_strategy", "no",
            "--max_steps", "6", "--per_device_train_batch_size", "2", "--gradient_accumulation_steps", "2", "--learning_rate", "1e-2");
        RecordingObserver whole = new(), second = new();
        RunFixture.Run(Keys("whole"), whole);
        using CancellationTokenSource stop = new();
        RecordingObserver first = new()
        {
            AtStep = step =>
            {
                if (step == 3)
                {
                    stop.Cancel();
                }
            },
        };
        RunFixture.Run(Keys("parts"), first, threads: 1, cancellation: stop.Token);
        RunFixture.Run(Keys("parts"), second);
        Assert.Equal(6, whole.Steps.Count);
        Assert.Equal([.. whole.Steps.Select(s => s.Loss)], first.Steps.Concat(second.Steps).Select(s => s.Loss).ToArray());
        Assert.Equal(File.ReadAllBytes(folder["whole", AdapterFolder.WeightsName]), File.ReadAllBytes(folder["parts", AdapterFolder.WeightsName]));
        Assert.False(File.Exists(folder["parts", "model.safetensors"]));
    }

    [Fact]
    public void DropoutActsInTrainingOnly()
    {
        double[] Losses(string dropout)
        {
            RecordingObserver observer = new();
            RunFixture.Run(
                RunFixture.Keys(
                    folder["dropout" + dropout], "--lora_r", "4", "--lora_dropout", dropout, "--eval_rows", "2", "--eval_on_start", "--save_strategy", "no", "--max_steps", "3", "--learning_rate", "0.05"),
                observer);
            return [observer.Evaluations[0].Loss, .. observer.Steps.Select(s => s.Loss)];
        }

        double[] without = Losses("0"), with = Losses("0.5");
        Assert.Equal(without[..2], with[..2]);   // B begins as zeros: nothing to leave out yet
        Assert.NotEqual(without[3], with[3]);
    }

    [Theory, InlineData("false"), InlineData("true")]
    public async Task AnAdapterIsMergedAndChatsAsBefore(string dora)
    {
        RunFixture.Run(RunFixture.Keys(
            folder["run"], "--lora_r", "4", "--use_dora", dora, "--lora_alpha", "16", "--lora_target_modules", "q_proj,model.text_model.layers.*.mlp.*", "--eval_rows", "0", "--save_strategy", "no", "--max_steps", "4", "--learning_rate", "0.02", "--bf16"));
        Assert.Equal(
            (0, ""), await Run("merge", Golden.Path("spliced"), folder["run"], "--output", folder["merged"]) is var (code, output, error) && output.Contains("14 layers", StringComparison.Ordinal) ? (code, error) : (-1, output));
        Dictionary<string, byte[]> source = RunFixture.Weights(Golden.Path("spliced")), merged = RunFixture.Weights(folder["merged"]);
        Assert.Equal(source.Keys.Order(), merged.Keys.Order());
        string[] changed = [.. merged.Where(t => !t.Value.AsSpan().SequenceEqual(source[t.Key])).Select(t => t.Key)];
        Assert.Equal(15, changed.Length);   // five q_proj (tower and text), nine of the text model's MLPs, the connector
        Assert.All(changed, name => Assert.True(name.Contains("q_proj.weight") || name.Contains("text_model") || name.Contains("connector"), name));

        // the folder chats and measures the same with adapters beside and merged; the run stored frozen weights in bf16, the base did not
        using CpuBackend backend = new(2);
        using ModelFolder beside = ModelFolder.OpenAny(folder["run"], backend), inside = ModelFolder.OpenAny(folder["merged"], backend);
        using Models.ForwardCase input = new("two-images-vision", beside.Model.Config);
        using Tensor expected = beside.Model.Logits(input.Batch, [0, 5, 9]), actual = inside.Model.Logits(input.Batch, [0, 5, 9]);
        Approx.Equal(expected.Span<float>(), actual.Span<float>(), "logits", 1e-5, 0);
        string picture = Directory.GetFiles(Golden.Path("generate"), "*.png").Order().First();
        (int chatCode, string besideAnswer, _) = await Run("chat", folder["run"], "--image", picture, "--temperature", "0", "--max_new_tokens", "8", "图中有什么？");
        (_, string insideAnswer, _) = await Run("chat", folder["merged"], "--image", picture, "--temperature", "0", "--max_new_tokens", "8", "图中有什么？");
        Assert.Equal(0, chatCode);
        Assert.Equal(besideAnswer, insideAnswer);
    }

    [Fact]
    public async Task WhatNeedsAWholeModelRefusesAnAdapter()
    {
        RunFixture.Run(RunFixture.Keys(folder["run"], "--lora_r", "2", "--eval_rows", "0", "--save_strategy", "no", "--max_steps", "1"));
        foreach (string[] command in (string[][])[["export", "hf", folder["run"], "--output", folder["out"]], ["info", folder["run"]]])
        {
            (int code, _, string error) = await Run(command);
            Assert.Equal(1, code);
            Assert.Contains("smvl merge", error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(folder["out"]));
        (int memory, _, string refused) = await Run("chat", folder["run"], "--memory", "700MB", "你好");
        Assert.Equal(1, memory);
        Assert.Contains("smvl merge", refused, StringComparison.Ordinal);
        string error2 = Assert.Throws<SmvlException>(() => RunFixture.Run([.. RunFixture.Keys(folder["again"], "--lora_r", "2").Select(key => key == Golden.Path("spliced") ? folder["run"] : key)])).Message;
        Assert.Contains("the model is an adapter already", error2, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora_alpha is given without lora_r", "--lora_alpha", "8")]
    [InlineData("use_dora is given without lora_r", "--use_dora")]
    [InlineData("lora_target_modules: q_prj matches no tensor", "--lora_r", "4", "--lora_target_modules", "q_prj")]
    [InlineData("layers with an adapter are to be trained themselves too", "--lora_r", "4", "--freeze", "full")]
    [InlineData("layers with an adapter are to be trained themselves too", "--lora_r", "4", "--trainable_parameters", "model.text_model.layers.1.mlp")]
    [InlineData("lora_r has a value that cannot be used", "--lora_r", "0")]
    [InlineData("lora_dropout has a value that cannot be used", "--lora_r", "2", "--lora_dropout", "1")]
    public void WrongKeysAreErrors(string expected, params string[] keys)
    {
        string error = Assert.Throws<SmvlException>(() => RunFixture.Run(RunFixture.Keys(folder["run"], keys))).Message;
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void AdaptersAloneCanBeTrained()
    {
        RecordingObserver observer = new();
        RunFixture.Run(
            RunFixture.Keys(folder["run"], "--freeze_parameters", "*", "--lora_r", "2", "--lora_target_modules", "model.text_model.layers.{0..1}.self_attn.q_proj", "--eval_rows", "0", "--save_strategy", "no", "--max_steps", "2"), observer);
        Assert.Equal(
            ["base_model.model.model.text_model.layers.{0..1}.self_attn.q_proj.lora_A.weight", "base_model.model.model.text_model.layers.{0..1}.self_attn.q_proj.lora_B.weight"],
            observer.Trainable.Select(line => line.Split(' ')[0]));
        using SafetensorsFile adapter = SafetensorsFile.Open(folder["run", AdapterFolder.WeightsName]);
        Assert.Equal(4, adapter.Tensors.Count);
        Assert.All(adapter.Tensors, t => Assert.Contains(t.Value.Span<float>().ToArray(), value => value != 0));
    }

    /// <summary>Lengths begin as the weights' own, so that nothing changes; and a continued run keeps to the kind of its adapters.</summary>
    [Fact]
    public void DoraBeginsAsTheModelAndStaysDora()
    {
        using (Models.FixtureModel fixture = new())
        using (Models.ForwardCase input = new("two-images-vision", fixture.Config))
        {
            using Tensor before = fixture.Model.Logits(input.Batch, [0, 5, 9]);
            string[] modules = [.. LoraAdapters.Candidates(fixture.Model.Parameters).Where(p => p.Part != ModelPart.Connector).Select(LoraAdapter.ModuleOf)];
            fixture.Model.AddAdapters(new LoraConfig(4, 8, modules) { UseDora = true }, seed: 3);
            using Tensor after = fixture.Model.Logits(input.Batch, [0, 5, 9]);
            Approx.Equal(before.Span<float>(), after.Span<float>(), "logits", 1e-6, 1e-7);
        }

        List<string> keys = RunFixture.Keys(folder["run"], "--lora_r", "2", "--use_dora", "--eval_rows", "0", "--save_steps", "1", "--max_steps", "1");
        RunFixture.Run(keys);
        Assert.Contains("DoRA", Assert.Throws<SmvlException>(() => RunFixture.Run([.. keys.Where(key => key != "--use_dora")])).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// With dropout the golden's formula has another input on the right: the differences of a layer's own forward, whose norms stay as they
    /// were, as the backward has it.
    /// </summary>
    [Theory, InlineData(false), InlineData(true)]
    public void GradientsBehindDropoutAreTheForwards(bool dora)
    {
        const int Rows = 5, Inputs = 12, Outputs = 9;
        using CpuBackend backend = new(2);
        Parameter weight = new("text.layers.0.mlp.up", "model.text_model.layers.0.mlp.up_proj.weight", FiniteDifference.Random(backend, 1, Outputs, Inputs), DType.F32, isMatrix: true);
        LoraDropout dropout = new(backend, 0.4, seed: 5);
        dropout.Begin(training: true);
        LoraAdapter adapter = new(backend, weight, new LoraConfig(3, 6, []) { UseDora = dora }, dropout, seed: 1);
        weight.Adapter = adapter;
        using Tensor b = FiniteDifference.Random(backend, 2, Outputs, 3), x = FiniteDifference.Random(backend, 3, Rows, Inputs), dy = FiniteDifference.Random(backend, 4, Rows, Outputs);
        backend.Copy(adapter.B.Value, b);
        foreach (Parameter parameter in adapter.Parameters)
        {
            parameter.Unfreeze(backend);
        }

        LinearLayer layer = new(backend, weight);
        float[] Forward()
        {
            using Tensor y = layer.Forward(x);
            return y.Span<float>().ToArray();
        }

        using Tensor dx = backend.Allocate(DType.F32, x.Shape);
        layer.Backward(dx, dy, x);
        float[] c = dy.Span<float>().ToArray();
        FiniteDifference.Check("dx", x, dx, c, Forward);
        FiniteDifference.Check("dA", adapter.A.Value, adapter.A.Gradient!, c, Forward);
        FiniteDifference.Check("dB", adapter.B.Value, adapter.B.Gradient!, c, Forward);
        foreach (Parameter lengths in adapter.Parameters.Skip(2))
        {
            FiniteDifference.Check("dm", lengths.Value, lengths.Gradient!, c, () =>
            {
                adapter.Forget();   // the norms are those of before; the lengths are others
                return Forward();
            });
        }
    }

    /// <summary>torch's kaiming_uniform_ with a = sqrt 5 is uniform within 1/sqrt(K): mean 0, variance 1/(3 K).</summary>
    [Fact]
    public void NewAdaptersAreAsPeftMakesThem()
    {
        using Models.FixtureModel fixture = new();
        fixture.Model.AddAdapters(new LoraConfig(64, 128, ["model.text_model.layers.0.mlp.down_proj"]), seed: 3);
        LoraAdapter adapter = Assert.Single(fixture.Model.Adapters!.List);
        double inputs = adapter.Weight.Shape[1];
        double[] a = [.. adapter.A.Value.Span<float>().ToArray().Select(value => (double)value)];
        Assert.All(a, value => Assert.InRange(Math.Abs(value), 0, 1 / Math.Sqrt(inputs)));
        Assert.Equal(0, a.Average(), 0.02 / Math.Sqrt(inputs));
        Assert.Equal(1, a.Sum(value => value * value) / a.Length * 3 * inputs, 0.05);
        Assert.All(adapter.B.Value.Span<float>().ToArray(), value => Assert.Equal(0, value));
    }
}
