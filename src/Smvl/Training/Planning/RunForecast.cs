using Smvl.Data;
using Smvl.Formats;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

namespace Smvl.Training.Planning;

/// <summary>
/// What a run is expected to take, said at its start and held beside what it took at its end. Memory is planned from the first rows that
/// it will meet. Time is not measured beforehand, which would delay the run: its first steps behind those in which code is compiled are taken,
/// a second per token, and compared with all those behind them.
/// </summary>
internal sealed class RunForecast : ITrainingObserver
{
    public const string FileName = "forecast.json";

    /// <summary>Rows that are looked at: what a run's start can wait for.</summary>
    private const int Rows = 64;

    // until code is compiled as it stays: so many seconds, but at most a quarter of the run, and at least a step
    private const double WarmSeconds = 3;
    private const int WarmShare = 4;

    // steps behind them whose times are taken: a tenth of the run, but no more
    private const int MostTimed = 20;
    private const int TimedShare = 10;

    private readonly ITrainingObserver observer;
    private readonly RunPlan plan;
    private readonly int mostWarm, timed;
    private readonly List<(int Tokens, double Seconds)> steps = [];
    private int? warm;

    private RunForecast(ITrainingObserver observer, RunPlan plan)
    {
        this.observer = observer;
        this.plan = plan;
        int left = plan.Steps - plan.FirstStep;
        mostWarm = Math.Max(1, left / WarmShare);
        timed = Math.Clamp(left / TimedShare, 1, MostTimed);
    }

    /// <summary>Makes the plan, says it, and watches the run from here on.</summary>
    /// <param name="arguments">of the run</param>
    /// <param name="folder">opened, nothing trained in it yet</param>
    /// <param name="data">its rows</param>
    /// <param name="backend">where it computes</param>
    /// <param name="firstStep">steps done by the run that this one continues</param>
    /// <param name="sampleTiles">tiles of the picture that the trained model is asked about</param>
    /// <param name="observer">hears everything</param>
    /// <returns>
    /// null on a GPU, whose memory is not counted, and where not one of the first rows can be used: then the run will say why
    /// </returns>
    public static RunForecast? Begin(
        TrainingArguments arguments, ModelFolder folder, TrainingData data, Backend backend, int firstStep, int sampleTiles, ITrainingObserver observer)
    {
        if (backend is GpuBackend)
        {
            return null;
        }

        SampleOrder order = data.Order(arguments);
        if (DataSample.Take(arguments, data, order, Rows) is not { } sample)
        {
            return null;
        }

        PeakMemory.Forget();
        int threads = backend is CpuBackend cpu ? cpu.ThreadCount : ThreadCount.Default;
        long runtime = RuntimeMemory.InTheEnd(folder.Model, backend);
        TrainingSteps steps = new(arguments, data.Mixture.RowsPerEpoch, arguments.MaxTokensPerBatch is null ? null : order.BatchesOf);
        SampleShape[] evaluated = [.. data.Split.Eval.Take(arguments.PerDeviceEvalBatchSize).Take(Rows).Select(data.Look).OfType<SampleShape>()];
        RunPlan plan = new RunPlanner(new ModelShape(folder.Model, folder.MarkerIds), runtime, threads).Plan(
            arguments, sample, evaluated, steps, data.Split.Eval.Length, firstStep, sampleTiles);
        observer.OnNote($"expected peak of memory: {PlanText.Bytes(plan.Memory.Total)} ({string.Join(", ", plan.Memory.Kinds.Select(kind => $"{kind.Name} {PlanText.Bytes(kind.Bytes)}"))})");
        if (plan.Memory.Total > ProcessMemory.Available)
        {
            observer.OnNote($"that is more than this machine's {PlanText.Bytes(ProcessMemory.Available)}: smvl plan with --memory finds settings that fit");
        }

        return new RunForecast(observer, plan);
    }

    /// <summary>Expected beside measured, told and written into the folder.</summary>
    public void End(string folder)
    {
        double? peak = PeakMemory.Bytes();
        if (peak is { } bytes)
        {
            observer.OnNote($"peak of memory: expected {PlanText.Bytes(plan.Memory.Total)}, was {PlanText.Bytes((long)bytes)} ({PlanText.Difference(plan.Memory.Total, bytes)})");
        }

        (double Expected, double Measured)? time = StepSeconds();
        if (time is { } seconds)
        {
            observer.OnNote(
                $"seconds per step: expected {PlanText.Seconds(seconds.Expected)} after the first {ExpectedAfter} steps, was {PlanText.Seconds(seconds.Measured)} in the {steps.Count - ExpectedAfter} behind them ({PlanText.Difference(seconds.Expected, seconds.Measured)})");
        }

        HuggingFaceJson.WriteObject(Path.Combine(folder, FileName), json =>
        {
            json.WriteStartObject("peak_memory_bytes");
            json.WriteNumber("expected", plan.Memory.Total);
            foreach ((string name, long kind) in plan.Memory.Kinds)
            {
                json.WriteNumber($"expected_{name}", kind);
            }

            if (peak is { } measured)
            {
                json.WriteNumber("measured", (long)measured);
            }

            json.WriteEndObject();
            if (time is { } both)
            {
                json.WriteStartObject("seconds_per_step");
                json.WriteNumber("expected", both.Expected);
                json.WriteNumber("expected_after_steps", ExpectedAfter!.Value);
                json.WriteNumber("measured", both.Measured);
                json.WriteEndObject();
            }
        });
    }

    public void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps) =>
        observer.OnStart(trainable, trainableCount, allCount, firstStep, maxSteps);

    public void OnStep(StepReport report)
    {
        steps.Add((report.Tokens, report.Waited + report.Seconds));
        if (warm is null && (steps.Count == mostWarm || steps.Sum(step => step.Seconds) >= WarmSeconds))
        {
            warm = steps.Count;
        }

        observer.OnStep(report);
        if (steps.Count == ExpectedAfter && report.Step < report.MaxSteps)
        {
            double left = Expected() * (report.MaxSteps - report.Step);
            observer.OnNote($"expected time: {PlanText.Seconds(Expected())} per step, {PlanText.Seconds(left)} for the {report.MaxSteps - report.Step} steps that are left");
        }
    }

    public void OnEvaluated(int step, double loss, double seconds) => observer.OnEvaluated(step, loss, seconds);

    public void OnSaved(string folder) => observer.OnSaved(folder);

    public void OnNote(string line) => observer.OnNote(line);

    public void CopyTo(Action<string> line) => observer.CopyTo(line);

    /// <summary>Steps behind which a step's seconds are said; null until that is known.</summary>
    private int? ExpectedAfter => warm + timed;

    /// <summary>Seconds of a mean step, by the times of the first ones.</summary>
    private double Expected()
    {
        (int Tokens, double Seconds)[] first = [.. steps.Skip(warm!.Value).Take(timed)];
        return first.Sum(step => step.Seconds) / Math.Max(1, first.Sum(step => step.Tokens)) * plan.Data.TokensPerStep;
    }

    /// <summary>Null where no step lies behind those whose time was taken.</summary>
    private (double Expected, double Measured)? StepSeconds() =>
        ExpectedAfter is { } after && steps.Count > after ? (Expected(), steps.Skip(after).Average(step => step.Seconds)) : null;
}
