using Smvl.Training;

namespace Smvl.Tracking;

/// <summary>What a tracker is told of a run that starts.</summary>
/// <param name="Arguments">the whole configuration</param>
/// <param name="ModelConfig">the model's config.json</param>
/// <param name="ParameterCount">elements of all its parameters</param>
/// <param name="History">what was logged up to the checkpoint that the run continues from; empty for a new run</param>
public sealed record TrackedRun(TrainingArguments Arguments, string ModelConfig, long ParameterCount, IReadOnlyList<LogEntry> History);
