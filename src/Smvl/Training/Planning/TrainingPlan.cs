using System.Diagnostics;
using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Planning;

/// <summary>A run's plan, or those of its stages.</summary>
/// <param name="Arguments">of the whole, with what was picked</param>
/// <param name="Stages">name and plan of each; a run without stages has one, without a name</param>
/// <param name="Picked">keys that were changed to fit the memory, with their values; empty where nothing was, or nobody asked</param>
/// <param name="Advice">single changes that lower the peak where it does not fit, with the peak they would have</param>
/// <param name="Available">bytes that are to be enough: those asked for, or the machine's</param>
public sealed record TrainingPlan(
    TrainingArguments Arguments, IReadOnlyList<(string? Name, RunPlan Plan)> Stages, IReadOnlyList<(string Key, string Value)> Picked,
    IReadOnlyList<(string Change, long Peak)> Advice, long Available)
{
    /// <summary>Rows of the data that are looked at, if nothing else is asked for.</summary>
    public const int DefaultRows = 1000;

    /// <summary>Of the stage that takes most.</summary>
    public long Peak => Stages.Max(stage => stage.Plan.Memory.Total);

    public bool Fits => Peak <= Available;

    /// <summary>Seconds of all stages; null where nothing was measured.</summary>
    public double? TotalSeconds => Stages.All(stage => stage.Plan.Time is not null) ? Stages.Sum(stage => stage.Plan.Time!.TotalSeconds) : null;

    /// <summary>Looks at a run without beginning it: nothing is written.</summary>
    /// <param name="arguments">of the run, as <c>smvl train</c> takes them</param>
    /// <param name="backend">where the model is opened</param>
    /// <param name="options">what is asked for</param>
    /// <param name="notice">gets a line where something is left open</param>
    /// <param name="cancellation">stops it</param>
    /// <exception cref="SmvlException">what the run itself would refuse, or a memory limit that nothing fits</exception>
    public static TrainingPlan Make(
        TrainingArguments arguments, Backend backend, PlanOptions options, Action<string>? notice = null, CancellationToken cancellation = default)
    {
        if (arguments.Device is { Kind: DeviceKind.Gpu })
        {
            throw new SmvlException("a run on a GPU cannot be planned", arguments.Origin(TrainingKeys.Device), "cpu", "gpu", "its memory is not counted yet; plan with --device cpu");
        }

        Checkpoint? start = arguments.Stages is null && arguments.LoraRank is null ? TrainingRun.FindStart(arguments) : null;
        string folder = start?.Folder ?? TrainingRun.FindModel(arguments, notice ?? (_ => { })) ?? throw new SmvlException(
            "no model is named, and its extents and tokenizer decide about everything", "model", "a spliced folder", "none", "make one with: smvl splice");
        using ModelFolder model = ModelFolder.OpenAny(folder, backend, notice, arguments.DoImageSplitting);
        if (model.Model.Adapters is not null)
        {
            model.Model.MergeAdapters();
        }

        var planner = new StagePlanner(model, options, backend, cancellation);
        IReadOnlyList<(string? Name, RunPlan Plan)> stages = planner.Plan(arguments, isFinal: options.Memory is null);
        long available = options.Memory ?? ProcessMemory.Available;
        if (stages.Max(stage => stage.Plan.Memory.Total) <= available)
        {
            return new TrainingPlan(arguments, options.Memory is null ? stages : planner.Plan(arguments, isFinal: true), [], [], available);
        }

        var search = new SettingsSearch(arguments, planner, available);
        if (options.Memory is null)
        {
            return new TrainingPlan(arguments, stages, [], search.Advice(), available);
        }

        (TrainingArguments fitting, IReadOnlyList<(string Key, string Value)> picked) = search.Pick();
        return new TrainingPlan(fitting, planner.Plan(fitting, isFinal: true), picked, [], available);
    }
}

/// <summary>What a plan is asked for.</summary>
/// <param name="Rows">of the data that are looked at</param>
/// <param name="Threads">cores that the run would compute on</param>
/// <param name="Memory">bytes of resident memory that the run is to fit; null for what the machine has, and nothing picked</param>
/// <param name="MeasureTime">whether seconds are measured</param>
public sealed record PlanOptions(int Rows, int Threads, long? Memory = null, bool MeasureTime = true);

/// <summary>Plans of an opened model's run or stages under changing settings; what does not change is read once.</summary>
/// <param name="folder">opened</param>
/// <param name="options">what is asked for</param>
/// <param name="backend">of the model</param>
/// <param name="cancellation">stops it</param>
internal sealed class StagePlanner(ModelFolder folder, PlanOptions options, Backend backend, CancellationToken cancellation)
{
    private readonly Dictionary<string, DataSample> samples = [];

    // as a run has it when it begins: the data is open and rows of it were read
    private long? runtime;

    /// <summary>The plans of a run's stages, or of a run without any.</summary>
    /// <param name="whole">the configuration</param>
    /// <param name="isFinal">whether seconds are measured</param>
    public IReadOnlyList<(string? Name, RunPlan Plan)> Plan(TrainingArguments whole, bool isFinal)
    {
        ModelShape shape = new(folder.Model, folder.MarkerIds);
        if (whole.Stages is not { } stages)
        {
            return [(null, Plan(whole, shape, isFinal))];
        }

        List<(string?, RunPlan)> plans = [];
        foreach (StageKeys stage in stages)
        {
            RunPlan plan = Plan(whole.ForStage(stage, folder.Path), shape, isFinal);
            shape = shape.After(plan.Trained);
            plans.Add((stage.Name, plan));
        }

        return plans;
    }

    private RunPlan Plan(TrainingArguments arguments, ModelShape shape, bool isFinal)
    {
        _ = TrainingRun.CheckModel(arguments, folder);
        Checkpoint? start = TrainingRun.FindStart(arguments);
        using TrainingData data = TrainingRun.OpenData(arguments, folder);
        SampleOrder order = data.Order(arguments);
        TrainingSteps steps = new(arguments, data.Mixture.RowsPerEpoch, arguments.MaxTokensPerBatch is null ? null : order.BatchesOf);
        DataSample sample = Sample(arguments, data, order);
        IReadOnlyList<SampleShape> evaluated = [.. data.Split.Eval.Take(options.Rows).Select(data.Look).OfType<SampleShape>()];
        runtime ??= RuntimeMemory.InTheEnd(folder.Model, backend);
        RunPlan plan = new RunPlanner(shape, runtime.Value, options.Threads).Plan(
            arguments, sample, evaluated, steps, data.Split.Eval.Length, start?.Step ?? 0, SampleTiles(arguments));
        if (!isFinal || !options.MeasureTime)
        {
            return plan;
        }

        long started = Stopwatch.GetTimestamp();
        SpeedProbe probe = new(folder.Model, folder.MarkerIds, options.Threads);
        MachineSpeed speed = probe.Measure(plan, data, sample, cancellation);
        return plan with { Time = probe.Time(plan, speed, Stopwatch.GetElapsedTime(started).TotalSeconds) };
    }

    /// <summary>The rows are read again only where they are others, or lie otherwise.</summary>
    private DataSample Sample(TrainingArguments arguments, TrainingData data, SampleOrder order)
    {
        SampleRules rules = arguments.SampleRules;
        string key = string.Join('|', [rules.ToString(), .. arguments.TrainData, FormattableString.Invariant($"{arguments.TrainSamplingStrategy} {arguments.DataSeed} {arguments.EvalRows}")]);
        if (!samples.TryGetValue(key, out DataSample? sample))
        {
            samples[key] = sample = DataSample.Take(arguments, data, order, options.Rows, cancellation)
                ?? throw new SmvlException("none of the rows that were looked at can be used", arguments.Origin(TrainingKeys.TrainData), hint: "smvl data report shows why");
        }

        return sample;
    }

    private int SampleTiles(TrainingArguments arguments)
    {
        if (!folder.Model.TakesPictures)
        {
            return 0;
        }

        using RgbImage picture = TrainingRun.SamplePictureOf(arguments);
        return folder.Images.Plan(picture.Width, picture.Height).TileCount;
    }
}
