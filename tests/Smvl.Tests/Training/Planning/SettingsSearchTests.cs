using System.Globalization;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Planning;

namespace Smvl.Tests.Training.Planning;

/// <summary>What is picked under a limit, where the process itself takes nothing, so that the figures are the run's alone.</summary>
public sealed class SettingsSearchTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly CpuBackend backend = new(1);
    private readonly ModelFolder model;
    private readonly StagePlanner planner;
    private readonly TrainingArguments arguments;

    public SettingsSearchTests()
    {
        List<string> keys = [.. LargePictures.Keys(temporary), "--output_dir", temporary["run"], "--report_to", "none", "--max_steps", "1", "--freeze", "full", "--bf16"];
        keys[keys.IndexOf("--per_device_train_batch_size") + 1] = "4";
        arguments = TrainingArguments.FromCommandLine(keys);
        model = ModelFolder.OpenAny(arguments.Model!, backend);
        planner = new StagePlanner(model, new PlanOptions(4, 1, MeasureTime: false), backend, default);
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void ASmallerBatchComesFirstThenASecondForwardThenFewerTiles()
    {
        long four = Peak(), two = Batch(2), one = Batch(1), again = Batch(1, ("gradient_checkpointing", "true"));
        Assert.True(one < two && two < four && again < one, $"{four} {two} {one} {again}");
        Assert.Empty(Pick(four).Picked);
        Assert.Equal(["per_device_train_batch_size 2", "gradient_accumulation_steps 2", "per_device_eval_batch_size 2"], Pick(two).Picked);
        Assert.Equal(["per_device_train_batch_size 1", "gradient_accumulation_steps 4", "per_device_eval_batch_size 1"], Pick(two - 1).Picked);
        Assert.Contains("gradient_checkpointing true", Pick(one - 1).Picked);
        (TrainingArguments fewer, string[] picked) = Pick(again - 1);
        Assert.Contains("max_tiles 13", picked);
        Assert.Equal((4, 13), (fewer.PerDeviceTrainBatchSize * fewer.GradientAccumulationSteps, fewer.SampleRules.MaxTiles));
    }

    [Fact]
    public void WhatWouldHelpIsToldWithWhatItWouldTake()
    {
        IReadOnlyList<(string Change, long Peak)> advice = new SettingsSearch(arguments, planner, 0).Advice();
        Assert.Equal(advice.OrderBy(each => each.Peak), advice);
        Assert.Equal(Peak(("gradient_checkpointing", "true")), advice.Single(each => each.Change == "--gradient_checkpointing true").Peak);
        Assert.All(advice, each => Assert.True(each.Peak < Peak(), each.Change));
        SmvlException nothing = Assert.Throws<SmvlException>(() => Pick(1));
        Assert.Contains("at least", nothing.Message);
    }

    /// <summary>With four samples a step.</summary>
    private long Batch(int batch, params (string Key, string Value)[] more) => Peak(
        [("per_device_train_batch_size", $"{batch}"), ("gradient_accumulation_steps", $"{4 / batch}"), ("per_device_eval_batch_size", $"{batch}"), .. more]);

    private long Peak(params (string Key, string Value)[] changes) =>
        planner.Plan(arguments.With([.. changes.Select(change => (TrainingKeys.Find(change.Key, ""), change.Value))]), isFinal: false)[0].Plan.Memory.Total;

    private (TrainingArguments Arguments, string[] Picked) Pick(long limit)
    {
        (TrainingArguments fitting, IReadOnlyList<(string Key, string Value)> picked) = new SettingsSearch(arguments, planner, limit).Pick();
        return (fitting, [.. picked.Select(key => string.Create(CultureInfo.InvariantCulture, $"{key.Key} {key.Value}"))]);
    }
}
