using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Planning;

namespace Smvl.Tests.Training.Planning;

/// <summary>What a run gets on a GPU whose memory is the host's. By themselves: what other tests hold would count as this process's.</summary>
[Collection(nameof(UnifiedMemorySettingsTests))]
[CollectionDefinition(nameof(UnifiedMemorySettingsTests), DisableParallelization = true)]
public sealed class UnifiedMemorySettingsTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly List<string> notices = [];

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void ARunThatWouldNotFitGetsSmallerBatchesAndMoreOfThem()
    {
        TrainingArguments arguments = Arguments();
        Peak(arguments);   // what the process holds by itself counts too, and grows the first time
        long whole = Peak(arguments), single = Peak(arguments.With((TrainingKeys.PerDeviceTrainBatchSize, "1"), (TrainingKeys.PerDeviceEvalBatchSize, "1")));
        TrainingArguments fitting = Fit(arguments, (whole + single) / 2);
        Assert.InRange(fitting.PerDeviceTrainBatchSize, 1, 7);
        Assert.Equal(8, fitting.PerDeviceTrainBatchSize * fitting.GradientAccumulationSteps);
        string notice = Assert.Single(notices);
        Assert.Contains($"per_device_train_batch_size {fitting.PerDeviceTrainBatchSize}, gradient_accumulation_steps {fitting.GradientAccumulationSteps}", notice, StringComparison.Ordinal);

        // once they are picked they are given, also to the stages of a run
        Assert.Same(fitting, Fit(fitting, 1));
    }

    [Fact]
    public void WhatFitsOrIsGivenStays()
    {
        TrainingArguments arguments = Arguments(), given = arguments.With((TrainingKeys.MaxTiles, "9"));
        Assert.Same(arguments, Fit(arguments, long.MaxValue));
        Assert.Same(given, Fit(given, 1));
        Assert.Empty(notices);
    }

    [Fact]
    public void WhereNothingFitsTheRunIsToldAndLeftAsItIs()
    {
        TrainingArguments arguments = Arguments();
        Assert.Same(arguments, Fit(arguments, 1));
        Assert.Contains("the run does not fit the memory limit", Assert.Single(notices), StringComparison.Ordinal);
    }

    private static long Peak(TrainingArguments arguments)
    {
        using CpuBackend backend = new();
        return TrainingPlan.Make(arguments, backend, new PlanOptions(8, backend.ThreadCount, MeasureTime: false)).Peak;
    }

    private TrainingArguments Arguments()
    {
        List<string> keys = [.. LargePictures.Keys(temporary), "--output_dir", temporary["run"], "--report_to", "none", "--max_steps", "1"];
        int batch = keys.IndexOf("--per_device_train_batch_size");
        keys.RemoveRange(batch, 2);
        return TrainingArguments.FromCommandLine(keys);
    }

    private TrainingArguments Fit(TrainingArguments arguments, long limit) => UnifiedMemorySettings.Fit(arguments, limit, notices.Add, default);
}
