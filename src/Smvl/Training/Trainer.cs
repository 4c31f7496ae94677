using System.Diagnostics;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>How a run ended.</summary>
/// <param name="Step">optimizer steps done in all</param>
/// <param name="TrainLoss">mean loss of all its steps</param>
/// <param name="EvalLoss">the last evaluation's; null without one</param>
/// <param name="Interrupted">stopped by the user; a checkpoint holds it</param>
public sealed record TrainingResult(int Step, double TrainLoss, double? EvalLoss, bool Interrupted);

/// <summary>
/// The loop of transformers' Trainer: updates of several micro-batches with the token mean over the whole update, clipping, AdamW,
/// schedule; then, in this order, log, evaluate, save. A run continues bit for bit from a checkpoint, and a loss or gradient that is
/// not finite stops it before it reaches the weights.
/// Source: transformers 5.12 trainer.py; torchtitan for the token mean and the stop.
/// </summary>
public sealed class Trainer
{
    private readonly TrainingArguments arguments;
    private readonly ModelFolder folder;
    private readonly TrainingData data;
    private readonly ITracker tracker;
    private readonly ITrainingObserver observer;
    private readonly CheckpointStore store;
    private readonly TrainingSteps steps;
    private readonly LearningRateSchedule schedule;
    private readonly SampleOrder order;
    private readonly Progress progress;
    private readonly Checkpoint? start;
    private readonly StepProfile? profile;
    private long tokensSinceLog;
    private double secondsSinceLog;

    /// <param name="arguments">the run's configuration</param>
    /// <param name="folder">the model; of the checkpoint, when the run continues one</param>
    /// <param name="data">rows to train on and held-out ones</param>
    /// <param name="store">the output folder</param>
    /// <param name="start">the checkpoint that the run continues; null for a new run</param>
    /// <param name="tracker">where the log goes</param>
    /// <param name="observer">who watches</param>
    /// <param name="profile">takes the steps' times; null where nobody asks for them</param>
    internal Trainer(
        TrainingArguments arguments, ModelFolder folder, TrainingData data, CheckpointStore store, Checkpoint? start,
        ITracker tracker, ITrainingObserver observer, StepProfile? profile)
    {
        this.arguments = arguments;
        this.folder = folder;
        this.data = data;
        this.store = store;
        this.start = start;
        this.tracker = tracker;
        this.observer = observer;
        this.profile = profile;
        steps = new TrainingSteps(arguments, data.Split.Train.Length);
        schedule = LearningRateSchedule.Create(arguments, steps.WarmupSteps, steps.MaxSteps);
        order = new SampleOrder(data.Split.Train, steps, arguments.TrainSamplingStrategy, arguments.DataSeed);
        progress = new Progress();
        folder.Model.GradientCheckpointing = arguments.GradientCheckpointing;
        FreezeRules rules = new(arguments);
        folder.Model.Unfreeze(parameter => rules.Trains(parameter));
        if (arguments.Bf16)
        {
            folder.Model.NarrowFrozen();
        }

        if (start is not null)
        {
            Continue(start);
        }
    }

    /// <summary>Runs to the end, or to a cancellation, which leaves a checkpoint of the last whole step.</summary>
    /// <exception cref="SmvlException">a loss or gradient that is not finite, a bad row, or an output that cannot be written</exception>
    public TrainingResult Run(CancellationToken cancellation)
    {
        using AdamWOptimizer optimizer = new(folder.Model, arguments);
        if (start is not null)
        {
            optimizer.Read(start.Folder);
        }

        AnnounceStart();
        tracker.OnStart(new TrackedRun(
            arguments, File.ReadAllText(Path.Combine(folder.Path, ConfigFile.Name)), folder.Model.Parameters.Sum(p => p.Shape.Count), [.. progress.History]));
        long started = Stopwatch.GetTimestamp();
        int firstStep = progress.Step;
        try
        {
            if (arguments.EvalOnStart && progress.Step == 0)
            {
                Evaluate(cancellation);
            }

            using IEnumerator<Update> updates = Updates().GetEnumerator();
            while (progress.Step < steps.MaxSteps && Next(updates))
            {
                cancellation.ThrowIfCancellationRequested();
                StepOnce(updates.Current, optimizer, cancellation);
                profile?.EndStep();
                StepEvents events = StepEvents.After(arguments, steps, progress.Step);
                if (events.Log)
                {
                    LogTraining();
                }

                if (events.Evaluate)
                {
                    Evaluate(cancellation);
                }

                if (events.Save)
                {
                    Save(optimizer);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (progress.Step > progress.SavedStep)
            {
                Save(optimizer);
            }

            return new TrainingResult(progress.Step, progress.MeanLoss, progress.EvalLoss, Interrupted: true);
        }

        Finish(firstStep, Stopwatch.GetElapsedTime(started).TotalSeconds);
        return new TrainingResult(progress.Step, progress.MeanLoss, progress.EvalLoss, Interrupted: false);
    }

    private void Continue(Checkpoint start)
    {
        TrainingState state = TrainingState.Read(start.Folder);
        state.CheckContinues(arguments, steps, start.Folder);
        progress.Restore(state, TrainerState.Read(start.Folder).LogHistory);
    }

    private void AnnounceStart()
    {
        Parameter[] trainable = [.. folder.Model.Parameters.Where(p => p.Trainable)];
        observer.OnStart(
            TrainedListing.Lines(trainable, arguments),
            trainable.Sum(p => p.Shape.Count),
            folder.Model.Parameters.Sum(p => p.Shape.Count),
            progress.Step,
            steps.MaxSteps);
    }

    /// <summary>The updates that are left, the next one loaded ahead. Each lives until the one behind it is asked for.</summary>
    private IEnumerable<Update> Updates()
    {
        IEnumerable<int[]> rows = order.From(progress.Step, arguments.IgnoreDataSkip);
        using IEnumerator<MicroBatch> next = data.LoadAhead(rows, steps.BatchSize, ahead: steps.Accumulation).GetEnumerator();
        for (int step = progress.Step; step < steps.MaxSteps; step++)
        {
            using Update update = new();
            while (update.Batches.Count < steps.BatchesOfUpdate(step) && next.MoveNext())
            {
                update.Batches.Add(next.Current);
            }

            yield return update;
        }
    }

    private bool Next(IEnumerator<Update> updates)
    {
        profile?.BeginStep();
        bool found = updates.MoveNext();
        profile?.EndWaiting();
        return found;
    }

    private void StepOnce(Update update, AdamWOptimizer optimizer, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        int targets = update.TargetCount;
        if (targets == 0)
        {
            observer.OnNote($"step {progress.Step + 1}: every row of this step was skipped or has no label; the weights stay as they are");
            progress.Add(progress.MeanSinceLog, 0, 0, 0);
            return;
        }

        optimizer.ZeroGradients();
        double sum = 0;
        int tokens = 0;
        foreach ((int index, MicroBatch micro) in update.Batches.Where(micro => micro.Batch.Lengths.Count > 0).Index())
        {
            folder.Model.Adapters?.Dropout.Place = (progress.Step, index);
            using Batch batch = micro.Batch;
            double loss = folder.Model.LossAndGradients(batch, 1.0 / targets, cancellation);
            if (!double.IsFinite(loss))
            {
                throw NotFinite("the loss", loss, micro);
            }

            sum += loss;
            tokens += batch.Ids.Count;
        }

        double norm = optimizer.GradientNorm();
        if (!double.IsFinite(norm))
        {
            throw NotFinite($"the gradient of {optimizer.FirstNotFinite()}", norm, [.. update.Batches]);
        }

        double scale = arguments.MaxGradNorm > 0 ? Math.Min(1, arguments.MaxGradNorm / (norm + 1e-6)) : 1;
        double learningRate = schedule.LearningRate(progress.Step);
        optimizer.Update(schedule.Multiplier(progress.Step), progress.Step + 1, (float)scale);
        progress.Add(sum / targets, norm, learningRate, tokens);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        tokensSinceLog += tokens;
        secondsSinceLog += seconds;
        observer.OnStep(new StepReport(
            progress.Step, steps.MaxSteps, steps.Epoch(progress.Step), sum / targets, learningRate, norm, tokens, seconds));
    }

    private SmvlException NotFinite(string what, double value, params MicroBatch[] batches) => new(
        $"{what} is not finite; the weights were left as they were before this step",
        $"step {progress.Step + 1}",
        actual: FormattableString.Invariant($"{value} on {string.Join("; ", batches.SelectMany(b => b.Rows).Select(data.Describe))}"),
        hint: "lower learning_rate or look at these rows; the last checkpoint stands");

    private void LogTraining()
    {
        Log(
            ("loss", progress.TakeMeanSinceLog()),
            ("grad_norm", progress.GradientNorm),
            ("learning_rate", progress.LearningRate),
            ("epoch", steps.Epoch(progress.Step)));
        if (secondsSinceLog > 0)
        {
            tracker.Measure(new LogEntry(
                progress.Step,
                KeyValuePair.Create("tokens_per_second", Math.Round(tokensSinceLog / secondsSinceLog, 3)),
                KeyValuePair.Create("memory_gib", Math.Round(Environment.WorkingSet / (double)(1 << 30), 3))));
            (tokensSinceLog, secondsSinceLog) = (0, 0);
        }
    }

    private void Evaluate(CancellationToken cancellation)
    {
        if (data.Split.Eval.Length == 0)
        {
            observer.OnNote("no row is held out (fewer than ten rows, or eval_rows 0), so nothing is evaluated");
            return;
        }

        Evaluation evaluation = Evaluation.Run(folder.Model, data, arguments.PerDeviceEvalBatchSize, arguments.VisualGain, cancellation);
        progress.EvalLoss = evaluation.Loss;
        List<(string Name, double Value)> metrics =
        [
            ("eval_loss", evaluation.Loss),
            ("eval_runtime", Math.Round(evaluation.Seconds, 4)),
            ("eval_samples_per_second", Math.Round(evaluation.Samples / evaluation.Seconds, 3)),
            ("eval_steps_per_second", Math.Round(evaluation.Batches / evaluation.Seconds, 3)),
            ("epoch", steps.Epoch(progress.Step)),
        ];
        if (evaluation.VisualGain is { } gain)
        {
            metrics.Add(("eval_visual_gain", gain));
        }

        Log([.. metrics]);
        observer.OnEvaluated(progress.Step, evaluation.Loss, evaluation.Seconds);
    }

    private void Save(AdamWOptimizer optimizer)
    {
        Checkpoint saved = store.Save(progress.Step, arguments.SaveTotalLimit, bestStep: null, path =>
        {
            folder.Write(path);
            arguments.Save(path);
            State().Write(path);
            if (!arguments.SaveOnlyModel)
            {
                optimizer.Write(path);
                progress.ToState(arguments, steps).Write(path);
            }
        });
        progress.SavedStep = progress.Step;
        tracker.Flush();
        observer.OnSaved(saved.Folder);
    }

    private void Finish(int firstStep, double seconds)
    {
        int samples = arguments.MaxSteps > 0
            ? steps.MaxSteps * steps.BatchSize * steps.Accumulation
            : (int)(steps.Rows * arguments.NumTrainEpochs);
        if (progress.Step > firstStep)
        {
            Log(
                ("train_runtime", Math.Round(seconds, 4)),
                ("train_samples_per_second", Math.Round(samples / seconds, 3)),
                ("train_steps_per_second", Math.Round(steps.MaxSteps / seconds, 3)),
                ("total_flos", TotalFlos),
                ("train_loss", progress.MeanLoss),
                ("epoch", steps.Epoch(progress.Step)));
        }

        folder.Write(store.OutputDir);
        arguments.Save(store.OutputDir);
        State().Write(store.OutputDir);
        observer.OnSaved(store.OutputDir);
    }

    private void Log(params (string Name, double Value)[] metrics)
    {
        var entry = new LogEntry(progress.Step, metrics.Select(m => KeyValuePair.Create(m.Name, m.Value)));
        progress.History.Add(entry);
        tracker.Log(entry);
    }

    private TrainerState State() => TrainerState.After(steps, progress.Step, progress.History) with
    {
        TotalFlos = TotalFlos,
    };

    /// <summary>6 · tokens · parameters without the embeddings, as the Trainer estimates it (modeling_utils.floating_point_ops).</summary>
    private double TotalFlos => 6.0 * progress.TokensSeen
        * folder.Model.Parameters.Where(p => p.Name is not ("text.embedding" or "vision.position_embedding")).Sum(p => p.Shape.Count);

    /// <summary>What one optimizer step learns from; it owns its batches.</summary>
    private sealed class Update : IDisposable
    {
        public List<MicroBatch> Batches { get; } = [];

        public int TargetCount => Batches.Sum(micro => micro.Batch.Targets.Count);

        public void Dispose() => Batches.ForEach(micro => micro.Dispose());
    }
}
