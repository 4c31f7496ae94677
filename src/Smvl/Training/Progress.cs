using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>What changes from step to step beside the weights: counts, sums of losses, the log. A checkpoint holds all of it.</summary>
internal sealed class Progress
{
    private double lossSinceLog;
    private int lastLoggedStep;
    private double lossUpToLog;

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; private set; }

    /// <summary>The step of the last checkpoint of this run or the one it continues.</summary>
    public int SavedStep { get; set; }

    /// <summary>Tokens trained on, image rows included.</summary>
    public long TokensSeen { get; private set; }

    /// <summary>Of the last step, before clipping.</summary>
    public double GradientNorm { get; private set; }

    /// <summary>Of the last update.</summary>
    public double LearningRate { get; private set; }

    public double? EvalLoss { get; set; }

    public List<LogEntry> History { get; } = [];

    /// <summary>Mean loss of all steps.</summary>
    public double MeanLoss => Step == 0 ? 0 : (lossUpToLog + lossSinceLog) / Step;

    /// <summary>Mean loss of the steps since the last log.</summary>
    public double MeanSinceLog => Step == lastLoggedStep ? 0 : lossSinceLog / (Step - lastLoggedStep);

    public void Add(double loss, double gradientNorm, double learningRate, int tokens)
    {
        Step++;
        lossSinceLog += loss;
        GradientNorm = gradientNorm;
        LearningRate = learningRate;
        TokensSeen += tokens;
    }

    /// <summary><see cref="MeanSinceLog"/>, and a new count from here.</summary>
    public double TakeMeanSinceLog()
    {
        double mean = MeanSinceLog;
        lossUpToLog += lossSinceLog;
        lossSinceLog = 0;
        lastLoggedStep = Step;
        return mean;
    }

    public TrainingState ToState(TrainingArguments arguments, TrainingSteps steps, string mixture)
    {
        (int epoch, int batches) = steps.Position(Step);
        return new TrainingState
        {
            GlobalStep = Step,
            Epoch = epoch,
            BatchesConsumed = batches,
            Seed = arguments.Seed,
            DataSeed = arguments.DataSeed,
            Mixture = mixture,
            Rows = steps.Rows,
            BatchSize = steps.BatchSize,
            Accumulation = steps.Accumulation,
            MaxTokensPerBatch = arguments.MaxTokensPerBatch,
            Freeze = FreezeRules.Describe(arguments),
            LossSinceLog = lossSinceLog,
            LastLoggedStep = lastLoggedStep,
            TotalLoss = lossUpToLog,
            TokensSeen = TokensSeen,
        };
    }

    public void Restore(TrainingState state, IReadOnlyList<LogEntry> history)
    {
        Step = state.GlobalStep;
        SavedStep = state.GlobalStep;
        lossSinceLog = state.LossSinceLog;
        lastLoggedStep = state.LastLoggedStep;
        lossUpToLog = state.TotalLoss;
        TokensSeen = state.TokensSeen;
        History.AddRange(history);
    }
}
