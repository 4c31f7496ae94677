namespace Smvl.Training;

/// <summary>
/// The arithmetic of steps and epochs of a run, as transformers' Trainer does it (5.12.1: trainer.py, set_initial_training_values and
/// _run_epoch; trainer_callback.py, TrainerState.compute_steps). An epoch is a number of micro-batches; an optimizer step ("update")
/// takes <c>gradient_accumulation_steps</c> of them, the last one of an epoch what is left.
/// </summary>
internal sealed class TrainingSteps
{
    /// <param name="arguments">the run's configuration</param>
    /// <param name="rows">samples to train on, after the held-out ones are taken away</param>
    /// <exception cref="SmvlException">no sample, or not one full micro-batch where only full ones count</exception>
    public TrainingSteps(TrainingArguments arguments, int rows)
    {
        int batch = arguments.PerDeviceTrainBatchSize;
        Rows = rows;
        BatchSize = batch;
        Accumulation = arguments.GradientAccumulationSteps;
        BatchesPerEpoch = arguments.DataloaderDropLast ? rows / batch : (int)(((long)rows + batch - 1) / batch);
        if (BatchesPerEpoch == 0)
        {
            throw new SmvlException(
                "there is not enough data for one batch", arguments.Origin(TrainingKeys.TrainData), arguments.DataloaderDropLast ? $"at least {batch} rows" : "at least 1 row", $"{rows}", "add data or hold out fewer rows");
        }

        UpdatesPerEpoch = (BatchesPerEpoch + Accumulation - 1) / Accumulation;
        MaxSteps = arguments.MaxSteps > 0 ? arguments.MaxSteps : checked((int)Math.Ceiling(arguments.NumTrainEpochs * UpdatesPerEpoch));
        Epochs = arguments.MaxSteps > 0 ? ((MaxSteps - 1) / UpdatesPerEpoch) + 1 : (int)Math.Ceiling(arguments.NumTrainEpochs);
        LoggingSteps = Absolute(arguments.LoggingSteps);
        EvalSteps = Absolute(arguments.EvalSteps ?? UnsetEvalSteps);
        SaveSteps = Absolute(arguments.SaveSteps);
        WarmupSteps = Absolute(arguments.WarmupSteps);
    }

    /// <summary>What the Trainer's state file holds when nothing is evaluated by steps.</summary>
    private const int UnsetEvalSteps = 500;

    /// <summary>Samples of an epoch.</summary>
    public int Rows { get; }

    /// <summary>Samples of a full micro-batch.</summary>
    public int BatchSize { get; }

    /// <summary>Micro-batches of a full update.</summary>
    public int Accumulation { get; }

    /// <summary>Micro-batches of an epoch, the last one possibly short.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>Optimizer steps of an epoch.</summary>
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
    public (int Epoch, int FirstBatch) Position(int updates) =>
        (updates / UpdatesPerEpoch, updates % UpdatesPerEpoch * Accumulation);

    /// <summary>Micro-batches of the update behind <paramref name="updates"/> updates.</summary>
    /// <param name="updates">optimizer steps done, from 0</param>
    public int BatchesOfUpdate(int updates) => Math.Min(Accumulation, BatchesPerEpoch - Position(updates).FirstBatch);

    /// <summary>The logged epoch after <paramref name="step"/> optimizer steps: whole epochs and the share of the current one.</summary>
    public double Epoch(int step)
    {
        if (step == 0)
        {
            return 0;
        }

        (int epoch, int firstBatch) = Position(step - 1);
        return epoch + ((firstBatch + BatchesOfUpdate(step - 1)) / (double)BatchesPerEpoch);
    }

    /// <summary>True after the last update of an epoch.</summary>
    public bool EndsEpoch(int step) => step > 0 && step % UpdatesPerEpoch == 0;

    // below 1: a share of all steps, rounded up
    private int Absolute(double steps) => steps < 1 ? (int)Math.Ceiling(MaxSteps * steps) : (int)steps;
}
