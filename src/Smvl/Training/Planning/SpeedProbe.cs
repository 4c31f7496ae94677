using System.Diagnostics;
using Smvl.Data;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Training.Optimizers;

namespace Smvl.Training.Planning;

/// <summary>What this machine does per second, by kind of operation.</summary>
internal sealed class MachineSpeed
{
    private readonly Dictionary<OperationKind, OperationTally> measured;
    private readonly double outside;

    /// <param name="measured">calls, time and work</param>
    /// <param name="outside">seconds outside of operations for a second in them</param>
    public MachineSpeed(IReadOnlyDictionary<OperationKind, OperationTally> measured, double outside)
    {
        this.measured = measured.ToDictionary();
        this.outside = outside;
    }

    /// <summary>Seconds of samples' loading on one core, a sample.</summary>
    public double LoadingSeconds { get; init; }

    /// <summary>Seconds of some work. A kind that was not measured is as fast as all others that are counted in its unit.</summary>
    public double Seconds(WorkCount work) => (1 + outside) * work.Kinds.Sum(kind => SecondsOf(kind.Key, kind.Value.Calls, kind.Value.Work));

    private double SecondsOf(OperationKind kind, double calls, double work)
    {
        OperationTally tally = measured.GetValueOrDefault(kind);
        if (kind.Unit() is not { } unit)
        {
            return tally.Calls == 0 ? 0 : calls * tally.Seconds / tally.Calls;
        }

        if (tally.Work == 0)
        {
            OperationTally[] others = [.. measured.Where(other => other.Key.Unit() == unit).Select(other => other.Value)];
            tally = new OperationTally(0, others.Sum(other => other.Ticks), others.Sum(other => other.Work));
        }

        return tally.Work == 0 ? 0 : work * tally.Seconds / tally.Work;
    }
}

/// <summary>
/// A short measurement of a run's own operations on this machine: losses, gradients and an update of its first micro-batches, again and
/// again. Where that would take long, of a few samples, and on a model of its width whose tower and decoder have two layers each, so that
/// it needs little memory.
/// </summary>
/// <param name="model">opened on a CPU; it is left as it is</param>
/// <param name="markerIds">image markers whose rows are trained in a frozen embedding</param>
/// <param name="threads">cores</param>
internal sealed class SpeedProbe(VisionLanguageModel model, IReadOnlyList<int> markerIds, int threads)
{
    /// <summary>Floating point operations of a micro-batch from which on less of it is measured: seconds.</summary>
    private const double LargeWork = 3e11;

    /// <summary>Elements of an embedding from which on it is frozen in the measurement: its master, gradient and moments would be large.</summary>
    private const long LargeEmbedding = 16L << 20;

    private const int FewLayers = 2;

    /// <summary>Rows of a product from which on more make it no faster per row.</summary>
    private const int EnoughTokens = 1024;

    private const int Batches = 8;

    // until code is compiled as it stays; and behind that
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(3), Enough = TimeSpan.FromSeconds(2);

    /// <param name="plan">of the run, for what a micro-batch's work is</param>
    /// <param name="data">its rows</param>
    /// <param name="sample">some of them</param>
    /// <param name="cancellation">heard between two blocks</param>
    public MachineSpeed Measure(RunPlan plan, TrainingData data, DataSample sample, CancellationToken cancellation)
    {
        TrainingArguments arguments = plan.Arguments;
        bool whole = plan.StepWork.Flop / arguments.GradientAccumulationSteps <= LargeWork && plan.Memory.Total <= ProcessMemory.Available / 4;

        // several, as buffers that fit one do not fit the next
        int[][] rows = whole ? sample.FirstBatches(arguments, Batches) : [sample.MiddleBatch(arguments, EnoughTokens)];
        data.LoadBatch(rows[0]).Dispose();   // compiles its code
        long loading = Stopwatch.GetTimestamp();
        MicroBatch[] loaded = Array.ConvertAll(rows, batch => data.LoadBatch(batch));
        double loadingSeconds = Stopwatch.GetElapsedTime(loading).TotalSeconds / rows.Sum(batch => batch.Length);

        using CpuBackend cpu = new(threads);
        ProfilingBackend backend = new(cpu);
        using VisionLanguageModel probe = Build(backend, whole ? int.MaxValue : FewLayers);
        AddAdapters(probe, arguments);
        TrainedModel.Prepare(
            probe, whole ? markerIds : [], arguments, parameter => VisionLanguageModel.HasTokenRows(parameter) && parameter.Shape.Count >= LargeEmbedding);
        using Optimizer optimizer = new(probe, arguments);
        int passes = 0;
        Passes(Warm);
        backend.Take();
        double seconds = Passes(Enough);
        Array.ForEach(loaded, batch => batch.Dispose());
        IReadOnlyDictionary<OperationKind, OperationTally> tallies = backend.Take();
        double inside = tallies.Values.Sum(tally => tally.Seconds);
        return new MachineSpeed(tallies, inside == 0 ? 0 : Math.Max(0, seconds - inside) / inside) { LoadingSeconds = loadingSeconds };

        double Passes(TimeSpan least)
        {
            long started = Stopwatch.GetTimestamp();
            do
            {
                Pass(probe, optimizer, loaded[passes++ % loaded.Length].Batch, arguments, cancellation);
            }
            while (Stopwatch.GetElapsedTime(started) < least);

            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }

    /// <summary>Seconds of a run's steps and evaluations.</summary>
    public PlannedTime Time(RunPlan plan, MachineSpeed speed, double measuredSeconds)
    {
        // samples load beside the arithmetic, on the same cores
        double loading = speed.LoadingSeconds / threads;
        double step = speed.Seconds(plan.StepWork) + (plan.Data.SamplesPerStep * loading);
        double evaluation = plan.EvaluationRows * (speed.Seconds(plan.EvaluationRowWork) + loading);
        return new PlannedTime(step, evaluation, ((plan.Steps - plan.FirstStep) * step) + (plan.Evaluations * evaluation), measuredSeconds);
    }

    private static void Pass(VisionLanguageModel probe, Optimizer optimizer, Batch batch, TrainingArguments arguments, CancellationToken cancellation)
    {
        optimizer.ZeroGradients();
        probe.SampleLossesAndGradients(
            batch, 1.0 / Math.Max(1, batch.Targets.Count), EmbeddingNoise.For(arguments.NeftuneNoiseAlpha ?? 0, arguments.Seed, 0, 0), cancellation);
        double norm = optimizer.GradientNorm();
        optimizer.Update(multiplier: 0, step: 1, gradientScale: (float)(1 / Math.Max(1, norm)));
    }

    /// <summary>The model's first layers, over the same weights.</summary>
    private VisionLanguageModel Build(Backend backend, int layers)
    {
        Dictionary<string, Tensor> weights = model.Parameters.Where(p => !p.IsAdapter).ToDictionary(p => p.Name, p => p.Value.View(p.Value.Shape.Dims));
        TextConfig text = model.TextConfig with { LayerCount = Math.Min(layers, model.TextConfig.LayerCount) };
        if (!model.TakesPictures)
        {
            return new VisionLanguageModel(backend, text, weights);
        }

        VisionConfig vision = model.Config.Vision with { LayerCount = Math.Min(layers, model.Config.Vision.LayerCount) };
        return new VisionLanguageModel(backend, model.Config with { Text = text, Vision = vision }, weights, model.Pixels);
    }

    private void AddAdapters(VisionLanguageModel probe, TrainingArguments arguments)
    {
        if (LoraTargets.Of(arguments, [.. model.Parameters.Where(p => !p.IsAdapter)]) is not { } config)
        {
            return;
        }

        HashSet<string> present = [.. probe.Parameters.Select(LoraAdapter.ModuleOf)];
        string[] modules = [.. config.Modules.Where(present.Contains)];
        if (modules.Length > 0)
        {
            probe.AddAdapters(config with { Modules = modules }, arguments.Seed);
        }
    }
}
