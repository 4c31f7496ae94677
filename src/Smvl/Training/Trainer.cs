using System.Diagnostics;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tracking;
using Smvl.Training.Optimizers;

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
    private readonly BestModel? best;
    private readonly WeightAverage? average;
    private readonly VisionCache? cache;
    private readonly LossSpikes spikes;
    private long tokensSinceLog;
    private double secondsSinceLog;
    private double waited;

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
        order = data.Order(arguments);
        steps = new TrainingSteps(arguments, data.Mixture.RowsPerEpoch, arguments.MaxTokensPerBatch is null ? null : order.BatchesOf);
        schedule = LearningRateSchedule.Create(arguments, steps.WarmupSteps, steps.MaxSteps);
        progress = new Progress();
        TrainedModel.Prepare(folder.Model, folder.MarkerIds, arguments);
        cache = arguments.VisionCache is { } kept ? new VisionCache(kept, arguments.VisionCacheLimit, folder.Model, observer.OnNote) : null;
        folder.Model.TowerCache = cache;
        if (start is not null)
        {
            TrainedRowsFile.Read(start.Folder, folder.Model);
        }

        average = arguments.UseEma ? new WeightAverage(folder.Model, arguments.EmaDecay) : null;
        if (start is not null)
        {
            Continue(start);
        }

        best = BestModel.Create(arguments, progress.History, step => store.All.Any(checkpoint => checkpoint.Step == step));
        spikes = new LossSpikes(store.OutputDir, arguments.LossSpikeThreshold);
        spikes.ForgetBehind(progress.Step);
    }

    /// <summary>Runs to the end, or to a cancellation, which leaves a checkpoint of the last whole step.</summary>
    /// <exception cref="SmvlException">a loss or gradient that is not finite, a bad row, or an output that cannot be written</exception>
    public TrainingResult Run(CancellationToken cancellation)
    {
        using Optimizer optimizer = new(folder.Model, arguments);
        using WeightAverage? owned = average;
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
            while (progress.Step < steps.MaxSteps && best is not { Stops: true } && Next(updates))
            {
                cancellation.ThrowIfCancellationRequested();
                StepOnce(updates.Current, optimizer, cancellation);
                profile?.EndStep();
                StepEvents events = StepEvents.After(arguments, steps, progress.Step);
                if (events.Log)
                {
                    LogTraining();
                }

                bool isBest = events.Evaluate && Evaluate(cancellation);
                if (events.Save || (isBest && arguments.SaveStrategy == SaveStrategy.Best))
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
        state.CheckContinues(arguments, steps, data.Mixture.Description, start.Folder);
        progress.Restore(state, TrainerState.Read(start.Folder).LogHistory);
        if (average is null)
        {
            WeightAverage.CheckNone(start.Folder);
        }
        else
        {
            average.Read(start.Folder);
        }
    }

    private void AnnounceStart()
    {
        Parameter[] trainable = [.. folder.Model.Trained];
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
        (int epoch, int batch) = steps.Position(progress.Step);
        IEnumerable<int[]> rows = order.From(epoch, arguments.IgnoreDataSkip ? 0 : batch);
        int batchSize = arguments.MaxTokensPerBatch is null ? steps.BatchSize : (steps.Rows / steps.BatchesPerEpoch) + 1;
        using IEnumerator<MicroBatch> next = data.LoadAhead(rows, batchSize, ahead: steps.Accumulation).GetEnumerator();
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
        long started = Stopwatch.GetTimestamp();
        bool found = updates.MoveNext();
        waited = Stopwatch.GetElapsedTime(started).TotalSeconds;
        profile?.EndWaiting();
        return found;
    }

    private void StepOnce(Update update, Optimizer optimizer, CancellationToken cancellation)
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
        List<(RowLocation At, double Loss)> rowLosses = [];
        foreach ((int index, MicroBatch micro) in update.Batches.Where(micro => micro.Batch.Lengths.Count > 0).Index())
        {
            folder.Model.Adapters?.Dropout.Place = (progress.Step, index);
            using Batch batch = micro.Batch;
            EmbeddingNoise? noise = EmbeddingNoise.For(arguments.NeftuneNoiseAlpha ?? 0, arguments.Seed, progress.Step, index);
            double[] losses = folder.Model.SampleLossesAndGradients(batch, 1.0 / targets, noise, cancellation);
            double loss = losses.Sum();
            if (!double.IsFinite(loss))
            {
                throw NotFinite("the loss", loss, micro);
            }

            rowLosses.AddRange(micro.Used.Select((row, i) => (data.Locate(row), losses[i] / Math.Max(1, batch.TargetCounts[i]))));
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
        folder.Model.StoreTrainedRows();
        average?.Update(progress.Step + 1);
        progress.Add(sum / targets, norm, learningRate, tokens);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        tokensSinceLog += tokens;
        secondsSinceLog += seconds;
        observer.OnStep(new StepReport(
            progress.Step, steps.MaxSteps, steps.Epoch(progress.Step), sum / targets, learningRate, norm, tokens, seconds)
        {
            Waited = waited,
        });
        if (spikes.Observe(progress.Step, sum / targets, rowLosses) is { } spike)
        {
            observer.OnNote(spike);
        }
    }

    private SmvlException NotFinite(string what, double value, params MicroBatch[] batches) =>
        new NotFiniteReport(folder, data, store.OutputDir).Write(progress.Step + 1, what, value, batches.Select(batch => batch.Rows));

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

    /// <returns>whether it was the best so far, where that matters</returns>
    private bool Evaluate(CancellationToken cancellation)
    {
        if (data.Split.Eval.Length == 0)
        {
            observer.OnNote("no row is held out (fewer than ten rows, or eval_rows 0), so nothing is evaluated");
            return false;
        }

        using IDisposable? averaged = average?.InModel();
        Evaluation evaluation = Evaluation.Run(folder.Model, data, arguments.PerDeviceEvalBatchSize, arguments.VisualGainRows, cancellation);
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
            WarnOfBlindness(gain);
            metrics.AddRange(gain.Metrics);
        }

        LogEntry entry = Log([.. metrics]);
        observer.OnEvaluated(progress.Step, evaluation.Loss, evaluation.Seconds);
        bool isBest = best?.Observe(entry) ?? false;
        if (best is { Stops: true })
        {
            observer.OnNote(FormattableString.Invariant($"stopping early: {best.Metric} has not been better than {best.Value:F4} (step {best.Step}) in {best.Waited} evaluations"));
        }

        return isBest;
    }

    /// <summary>Once, at the first evaluation behind the run's first quarter.</summary>
    private void WarnOfBlindness(VisualGain gain)
    {
        double quarter = steps.MaxSteps / 4.0;
        bool isFirst = progress.Step >= quarter && !progress.History.Any(entry => entry.Step >= quarter && entry.Metrics.ContainsKey($"eval_{VisualGain.Metric}"));
        if (isFirst && gain.IsNearZero)
        {
            observer.OnNote(gain.Warning);
        }
    }

    private void Save(Optimizer optimizer)
    {
        using IDisposable? averaged = average?.InModel();
        Checkpoint saved = store.Save(progress.Step, arguments.SaveTotalLimit, best?.OnSaved(progress.Step), path =>
        {
            folder.Write(path);
            arguments.Save(path);
            State().Write(path);
            if (!arguments.SaveOnlyModel)
            {
                optimizer.Write(path);
                TrainedRowsFile.Write(path, folder.Model);
                average?.Write(path);
                progress.ToState(arguments, steps, data.Mixture.Description).Write(path);
            }
        });
        progress.SavedStep = progress.Step;
        tracker.Flush();
        observer.OnSaved(saved.Folder);
    }

    private void Finish(int firstStep, double seconds)
    {
        if (progress.Step > firstStep)
        {
            Log(
                ("train_runtime", Math.Round(seconds, 4)),
                ("train_samples_per_second", Math.Round(steps.Samples / seconds, 3)),
                ("train_steps_per_second", Math.Round(steps.MaxSteps / seconds, 3)),
                ("total_flos", TotalFlos),
                ("train_loss", progress.MeanLoss),
                ("epoch", steps.Epoch(progress.Step)));
        }

        average?.Exchange();
        LoadBest();
        if (cache is not null)
        {
            observer.OnNote(cache.Summary());
        }

        folder.Write(store.OutputDir);
        arguments.Save(store.OutputDir);
        State().Write(store.OutputDir);
        observer.OnSaved(store.OutputDir);
    }

    private void LoadBest()
    {
        if (!arguments.LoadBestModelAtEnd)
        {
            return;
        }

        if (best?.SavedStep is not { } step || store.All.FirstOrDefault(checkpoint => checkpoint.Step == step) is not { } checkpoint)
        {
            observer.OnNote("no checkpoint was evaluated, so that the trained model is the last step's and not the best one's");
            return;
        }

        TrainedWeights.Read(folder.Model, checkpoint.Folder);
        observer.OnNote(FormattableString.Invariant($"the trained model is that of checkpoint-{step}, the best by {best.Metric}"));
    }

    private LogEntry Log(params (string Name, double Value)[] metrics)
    {
        var entry = new LogEntry(progress.Step, metrics.Select(m => KeyValuePair.Create(m.Name, m.Value)));
        progress.History.Add(entry);
        tracker.Log(entry);
        return entry;
    }

    private TrainerState State() => TrainerState.After(steps, progress.Step, progress.History) with
    {
        TotalFlos = TotalFlos,
        BestMetric = best?.Value,
        BestGlobalStep = best?.Step,
        BestModelCheckpoint = best?.SavedStep is { } step ? store.PathOf(step) : null,
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
