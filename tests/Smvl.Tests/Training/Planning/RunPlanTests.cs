using System.Buffers.Binary;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Planning;

namespace Smvl.Tests.Training.Planning;

/// <summary>Plans against the runs that they are of, done: what tensors took, what was written, and what can be computed by hand.</summary>
public sealed class RunPlanTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The walk counts what the pool of a real run had in use at once; a block that serves a slightly smaller wish makes the rest.</summary>
    [Theory]
    [InlineData("--freeze connector")]
    [InlineData("--freeze connector+vision")]
    [InlineData("--freeze full")]
    [InlineData("--freeze full --gradient_checkpointing")]
    [InlineData("--freeze full --optim adamw_8bit --bf16")]
    [InlineData("--freeze full --optim muon --use_ema")]
    [InlineData("--freeze connector --optim lion_32bit --bf16 --use_ema")]
    [InlineData("--lora_r 8 --lora_dropout 0.1 --lora_target_modules all-linear")]
    [InlineData("--lora_r 8 --lora_dropout 0.1 --use_dora")]
    [InlineData("--freeze connector --neftune_noise_alpha 5 --gradient_accumulation_steps 2")]
    [InlineData("--freeze connector --vision_cache cache")]
    [InlineData("--freeze_parameters * --trainable_parameters model.text_model.layers.1")]
    [InlineData("--freeze full --max_tokens_per_batch 400 --max_length 200")]
    public void TensorsTakeWhatTheWalkCounts(string more)
    {
        List<string> keys = RunFixture.Keys(
            folder["run"],
            [.. more.Replace("cache cache", $"cache {folder["cache"]}", StringComparison.Ordinal).Split(' '), "--eval_rows", "0", "--save_strategy", "no", "--num_train_epochs", "1", "--train_sampling_strategy", "sequential"]);
        RunPlan plan = Plan(keys);
        using CpuBackend backend = new(2);
        TrainingRun.Run(TrainingArguments.FromCommandLine(keys), backend, new RecordingObserver());
        Assert.InRange((double)plan.Tensors / backend.MostUsedBytes, 0.97, 1.03);
    }

    [Fact]
    public void LargePicturesTakeWhatTheWalkCounts()
    {
        List<string> keys = [.. LargePictures.Keys(folder), "--output_dir", folder["run"], "--report_to", "none", "--max_steps", "1"];
        RunPlan plan = Plan(keys);
        using CpuBackend backend = new(2);
        TrainingRun.Run(TrainingArguments.FromCommandLine(keys), backend, new RecordingObserver());
        Assert.InRange((double)plan.Tensors / backend.MostUsedBytes, 0.97, 1.03);
        Assert.Equal(LargePictures.Tiles, plan.Data.MostTiles);

        // a picture's decoding, and tiles that are worked on and loaded ahead
        long tiles = LargePictures.Tiles * 3L * 64 * 64;
        Assert.InRange(plan.Memory.Data, LargePictures.DecodingBytes + (2 * tiles), (2 * LargePictures.DecodingBytes) + (8 * tiles));
    }

    [Theory]
    [InlineData("--freeze connector")]
    [InlineData("--freeze full --use_ema --optim adamw_8bit")]
    [InlineData("--lora_r 4")]
    [InlineData("--freeze full --optim muon --save_only_model")]
    public void CheckpointsHaveTheBytesThatWerePlanned(string more)
    {
        List<string> keys = RunFixture.Keys(folder["run"], [.. more.Split(' '), "--max_steps", "2", "--save_steps", "1", "--save_total_limit", "1"]);
        RunPlan plan = Plan(keys);
        RunFixture.Run(keys);
        string checkpoint = Assert.Single(Directory.GetDirectories(folder["run"], "checkpoint-*"));
        string[] model = ["model.safetensors", "adapter_model.safetensors"];
        ILookup<bool, long> bytes = Directory.GetFiles(checkpoint, "*.safetensors").ToLookup(file => model.Contains(Path.GetFileName(file)), TensorBytes);
        Assert.Equal((1, plan.ModelBytes, plan.StateBytes), (plan.Checkpoints, bytes[true].Sum(), bytes[false].Sum()));
        Assert.Equal((2 * plan.ModelBytes) + plan.StateBytes, plan.DiskBytes);
    }

    [Fact]
    public void PartsAndGradientsAreTheConfigurations()
    {
        RunPlan plan = Plan(RunFixture.Keys(folder["run"], "--max_steps", "1", "--eval_rows", "0"));
        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.Open(Golden.Path("spliced"), backend);
        ModelConfig config = model.Model.Config;
        long connector = (long)config.Vision.HiddenSize * config.ScaleFactor * config.ScaleFactor * config.Text.HiddenSize;
        PartParameters part = Assert.Single(plan.Parts, part => part.Part == ModelPart.Connector);
        Assert.Equal((connector, connector), (part.Count, part.Trained));
        Assert.Equal(model.Model.Parameters.Sum(p => p.Shape.Count), plan.Parts.Sum(p => p.Count));
        long rows = (long)model.MarkerIds.Count * config.Text.HiddenSize;
        Assert.Equal(connector + rows, plan.Parts.Sum(p => p.Trained));

        // blocks of the pool are rounded up by a thirty-second at most, and to 256 bytes
        long floats = (connector + rows) * sizeof(float);
        Assert.InRange(plan.Memory.Gradients, floats, (floats * 33 / 32) + 1024);
        Assert.InRange(plan.Memory.Optimizer, 2 * floats, (2 * floats * 33 / 32) + 2048);
    }

    /// <summary>Products of the connector's gradient, counted by hand, are in the step's work, twice as many in two micro-batches.</summary>
    [Fact]
    public void WorkFollowsTheMicroBatches()
    {
        List<string> keys = RunFixture.Keys(folder["run"], "--eval_rows", "0", "--max_steps", "1", "--per_device_train_batch_size", "1", "--train_sampling_strategy", "sequential");
        RunPlan one = Plan(keys), two = Plan([.. keys, "--gradient_accumulation_steps", "2"]), again = Plan([.. keys, "--gradient_checkpointing"]);
        Assert.Equal(2, two.StepGflop / one.StepGflop, 6);
        Assert.Equal(2 * one.Data.TokensPerStep, two.Data.TokensPerStep, 6);
        Assert.InRange(again.StepGflop / one.StepGflop, 1.1, 2);
        Assert.True(one.StepGflop * 1e9 > 6.0 * one.Data.TokensPerStep, $"{one.StepGflop} GFLOP");
    }

    [Fact]
    public void EventsAreCountedAsTheRunHasThem()
    {
        List<string> keys = RunFixture.Keys(folder["run"], "--max_steps", "7", "--eval_strategy", "steps", "--eval_steps", "3", "--save_steps", "2", "--eval_on_start", "--eval_rows", "2", "--visual_gain", "false");
        RunPlan plan = Plan(keys);
        RecordingObserver observer = new();
        RunFixture.Run(keys, observer);
        Assert.Equal((observer.Evaluations.Count, observer.Saved.Count - 1), (plan.Evaluations, plan.Checkpoints));
        Assert.Equal(7, plan.Steps);

        // a run that was stopped is planned from where it would continue
        Directory.Delete(folder["run", "checkpoint-7"], recursive: true);
        Directory.Delete(folder["run", "checkpoint-6"], recursive: true);
        Assert.Equal(4, Plan(keys).FirstStep);
    }

    /// <summary>In the second stage, what the first one trained is stored as float32, and everything has a gradient.</summary>
    [Fact]
    public void EveryStageHasItsPlan()
    {
        List<string> keys = RunFixture.Keys(folder["run"], "--max_steps", "1", "--eval_rows", "0", "--training_stage", "all");
        TrainingPlan plan = Make(keys);
        Assert.Equal(["stage1", "stage2", "stage3"], plan.Stages.Select(stage => stage.Name));
        long[] trained = [.. plan.Stages.Select(stage => stage.Plan.Parts.Sum(part => part.Trained))];
        Assert.True(trained[0] < trained[1] && trained[1] < trained[2], string.Join(' ', trained));
        Assert.Equal(plan.Stages[2].Plan.Parts.Sum(part => part.Count), trained[2]);
        Assert.Equal(plan.Stages.Max(stage => stage.Plan.Memory.Total), plan.Peak);
    }

    private static RunPlan Plan(List<string> keys) => Assert.Single(Make(keys).Stages).Plan;

    private static TrainingPlan Make(List<string> keys)
    {
        using CpuBackend backend = new(2);
        return TrainingPlan.Make(TrainingArguments.FromCommandLine(keys), backend, new PlanOptions(1000, 2, MeasureTime: false));
    }

    /// <summary>A file's bytes behind its header.</summary>
    private static long TensorBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> length = stackalloc byte[8];
        file.ReadExactly(length);
        return file.Length - 8 - BinaryPrimitives.ReadInt64LittleEndian(length);
    }
}
