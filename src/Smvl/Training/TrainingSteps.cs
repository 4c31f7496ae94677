namespace Smvl.Training;

/// <summary>
/// The arithmetic of steps and epochs of a run, as transformers' Trainer does it (5.12.1: trainer.py, set_initial_training_values and
/// _run_epoch; trainer_callback.py, TrainerState.compute_steps). An epoch is a number of micro-batches; an optimizer step ("update")
/// takes <c>gradient_accumulation_steps</c> of them, the last one of an epoch what is left.
/// </summary>
internal sealed class TrainingSteps
{
    private readonly Func<int, int>? batchesOf;
    private readonly List<int> firstUpdates = [0];   // of every epoch so far, where epochs differ

    /// <param name="arguments">the run's configuration</param>
    /// <param name="rows">samples of an epoch, after the held-out ones are taken away</param>
    /// <param name="batchesOf">micro-batches of each epoch, where <c>max_tokens_per_batch</c> makes them differ; null: as the samples say</param>
    /// <exception cref="SmvlException">no sample, or not one full micro-batch where only full ones count</exception>
    public TrainingSteps(TrainingArguments arguments, int rows, Func<int, int>? batchesOf = null)
    {
        int batch = arguments.PerDeviceTrainBatchSize;
        Rows = rows;
        BatchSize = batch;
        Accumulation = arguments.GradientAccumulationSteps;
        this.batchesOf = batchesOf;
        BatchesPerEpoch = batchesOf?.Invoke(0) ?? (arguments.DataloaderDropLast ? rows / batch : (int)(((long)rows + batch - 1) / batch));
        if (BatchesPerEpoch == 0)
        {
            throw new SmvlException(
                "there is not enough data for one batch", arguments.Origin(TrainingKeys.TrainData), arguments.DataloaderDropLast ? $"at least {batch} rows" : "at least 1 row", $"{rows}", "add data or hold out fewer rows");
        }

        UpdatesPerEpoch = (BatchesPerEpoch + Accumulation - 1) / Accumulation;
        MaxSteps = arguments.MaxSteps > 0 ? arguments.MaxSteps : UpdatesIn(arguments.NumTrainEpochs);
        Epochs = arguments.MaxSteps > 0 ? Position(MaxSteps - 1).Epoch + 1 : (int)Math.Ceiling(arguments.NumTrainEpochs);
        Samples = arguments.MaxSteps <= 0 ? (int)(rows * arguments.NumTrainEpochs)
            : batchesOf is null ? MaxSteps * BatchSize * Accumulation
            : (int)(rows * Epoch(MaxSteps));
        LoggingSteps = Absolute(arguments.LoggingSteps);
        EvalSteps = Absolute(arguments.EvalSteps ?? UnsetEvalSteps);
        SaveSteps = Absolute(arguments.SaveSteps);
        WarmupSteps = Absolute(arguments.WarmupSteps);
    }

    /// <summary>What the Trainer's state file holds when nothing is evaluated by steps.</summary>
    private const int UnsetEvalSteps = 500;

    /// <summary>Samples of an epoch.</summary>
    public int Rows { get; }

    /// <summary>Samples of the run, as the Trainer counts them for its speeds.</summary>
    public int Samples { get; }

    /// <summary>Samples of a full micro-batch.</summary>
    public int BatchSize { get; }

    /// <summary>Micro-batches of a full update.</summary>
    public int Accumulation { get; }

    /// <summary>Micro-batches of an epoch, the last one possibly short; of the first epoch where they differ.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>Optimizer steps of an epoch; of the first where they differ.</summary>
    public int UpdatesPerEpoch { get; }

    /// <summary>Optimizer steps of the run.</summary>
    public int MaxSteps { get; }

    /// <summary>Epochs of the run, the last one possibly cut.</summary>
    public int Epochs { get; }

    public int LoggingSteps { get; }

    public int EvalSteps { get; }

    public int SaveSteps { get; }

    public int WarmupSteps { get; }

    /// <summary>Where the update behind <paramref name="updates"/> updates stands: its epoch, and the micro-batches of that epoch before it.</summary>
    /// <param name="updates">optimizer steps done, from 0</param>
    public (int Epoch, int FirstBatch) Position(int updates)
    {
        if (batchesOf is null)
        {
            return (updates / UpdatesPerEpoch, updates % UpdatesPerEpoch * Accumulation);
        }

        while (firstUpdates[^1] <= updates)
        {
            firstUpdates.Add(firstUpdates[^1] + UpdatesOf(firstUpdates.Count - 1));
        }

        int found = firstUpdates.BinarySearch(updates);
        int epoch = found >= 0 ? found : ~found - 1;
        return (epoch, (updates - firstUpdates[epoch]) * Accumulation);
    }

    /// <summary>Micro-batches of the update behind <paramref name="updates"/> updates.</summary>
    /// <param name="updates">optimizer steps done, from 0</param>
    public int BatchesOfUpdate(int updates)
    {
        (int epoch, int firstBatch) = Position(updates);
        return Math.Min(Accumulation, BatchesOf(epoch) - firstBatch);
    }

    /// <summary>The logged epoch after <paramref name="step"/> optimizer steps: whole epochs and the share of the current one.</summary>
    public double Epoch(int step)
    {
        if (step == 0)
        {
            return 0;
        }

        (int epoch, int firstBatch) = Position(step - 1);
        return epoch + ((firstBatch + BatchesOfUpdate(step - 1)) / (double)BatchesOf(epoch));
    }

    /// <summary>True after the last update of an epoch.</summary>
    public bool EndsEpoch(int step) => step > 0 && Position(step).FirstBatch == 0;

    private int BatchesOf(int epoch) => batchesOf?.Invoke(epoch) ?? BatchesPerEpoch;

    private int UpdatesOf(int epoch) => (BatchesOf(epoch) + Accumulation - 1) / Accumulation;

    private int UpdatesIn(double epochs)
    {
        if (batchesOf is null)
        {
            return checked((int)Math.Ceiling(epochs * UpdatesPerEpoch));
        }

        int whole = (int)epochs;
        int updates = Enumerable.Range(0, whole).Sum(UpdatesOf);
        return epochs == whole ? updates : checked(updates + (int)Math.Ceiling((epochs - whole) * UpdatesOf(whole)));
    }

    // below 1: a share of all steps, rounded up
    private int Absolute(double steps) => steps < 1 ? (int)Math.Ceiling(MaxSteps * steps) : (int)steps;
}
