using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>
/// The best evaluation so far by one metric, and how many have passed without a better one: for load_best_model_at_end, save_strategy
/// best and early stopping. All of it follows from the log, so that a continued run learns it from its checkpoint's history.
/// Source: transformers 5.12, Trainer._determine_best_metric and EarlyStoppingCallback.
/// </summary>
internal sealed class BestModel
{
    private readonly string metric;
    private readonly bool greaterIsBetter;
    private readonly int? patience;
    private readonly double threshold;

    private BestModel(TrainingArguments arguments)
    {
        string name = arguments.MetricForBestModel ?? "loss";
        metric = name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name;
        greaterIsBetter = arguments.GreaterIsBetter ?? !metric.EndsWith("loss", StringComparison.Ordinal);
        patience = arguments.EarlyStoppingPatience;
        threshold = arguments.EarlyStoppingThreshold;
    }

    private const string Prefix = "eval_";

    /// <summary>The metric's best value.</summary>
    public double? Value { get; private set; }

    /// <summary>The step of that evaluation.</summary>
    public int? Step { get; private set; }

    /// <summary>The last step that was the best one and was saved.</summary>
    public int? SavedStep { get; private set; }

    /// <summary>Evaluations since the last one that was better by more than the threshold.</summary>
    public int Waited { get; private set; }

    /// <summary>Whether so many have passed that the run ends.</summary>
    public bool Stops => patience is { } most && Waited >= most;

    /// <summary>For a line to the user.</summary>
    public string Metric => metric;

    /// <summary>Null where nothing asks which evaluation was best.</summary>
    /// <param name="arguments">metric_for_best_model and those that need it</param>
    /// <param name="history">what the run that this one continues has logged</param>
    /// <param name="isSaved">whether there is a checkpoint of a step</param>
    public static BestModel? Create(TrainingArguments arguments, IEnumerable<LogEntry> history, Func<int, bool> isSaved)
    {
        if (!arguments.TracksBestModel)
        {
            return null;
        }

        BestModel best = new(arguments);
        foreach (LogEntry entry in history.Where(entry => entry.Metrics.ContainsKey(best.metric)))
        {
            if (best.Observe(entry) && isSaved(entry.Step))
            {
                best.OnSaved(entry.Step);
            }
        }

        return best;
    }

    /// <summary>Takes an evaluation's entry.</summary>
    /// <returns>whether it is the best so far</returns>
    /// <exception cref="SmvlException">it has no such metric</exception>
    public bool Observe(LogEntry evaluation)
    {
        if (!evaluation.Metrics.TryGetValue(metric, out double value))
        {
            throw new SmvlException(
                "an evaluation has no such metric", "metric_for_best_model", string.Join(", ", evaluation.Metrics.Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal))), metric);
        }

        bool isBetter = Value is not { } before || (greaterIsBetter ? value > before : value < before);
        Waited = isBetter && (Value is not { } last || Math.Abs(value - last) > threshold) ? 0 : Waited + 1;
        if (isBetter)
        {
            (Value, Step) = (value, evaluation.Step);
        }

        return isBetter;
    }

    /// <summary>The checkpoint to keep when that of <paramref name="step"/> is written, and what is known of it from then on.</summary>
    public int? OnSaved(int step) => SavedStep = Step == step ? step : SavedStep;
}
