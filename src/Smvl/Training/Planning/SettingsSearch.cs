using System.Globalization;

namespace Smvl.Training.Planning;

/// <summary>
/// Finds settings of a run that fit a memory limit. Samples of an optimizer step stay as many as they are. In this order, what costs least
/// first: smaller micro-batches, more of them (no more arithmetic); gradient_checkpointing (a second forward); fewer tiles of a picture (detail).
/// </summary>
/// <param name="arguments">as they are</param>
/// <param name="planner">of the model</param>
/// <param name="limit">bytes</param>
internal sealed class SettingsSearch(TrainingArguments arguments, StagePlanner planner, long limit)
{
    /// <summary>Where the error is that nothing fits.</summary>
    public const string Memory = "memory";

    // a grid's tiles and the overview
    private static readonly int[] TileBudgets = [13, 10, 7, 5, 3, 1];

    /// <exception cref="SmvlException">nothing fits; tells what the least takes and which single change would help most</exception>
    public (TrainingArguments Arguments, IReadOnlyList<(string Key, string Value)> Picked) Pick()
    {
        int mostTiles = planner.Plan(arguments, isFinal: false).Max(stage => stage.Plan.Data.MostTiles);
        (TrainingKey Key, string Value)[] least = [];
        foreach (int? tiles in (int?[])[null, .. TileBudgets.Where(budget => budget < Math.Min(mostTiles, arguments.SampleRules.MaxTiles ?? int.MaxValue)).Select(budget => (int?)budget)])
        {
            foreach (bool checkpointing in arguments.GradientCheckpointing ? (bool[])[true] : [false, true])
            {
                (TrainingKey, string)[][] batches = [.. Batches()];
                (TrainingKey, string)[] common =
                [
                    .. checkpointing && !arguments.GradientCheckpointing ? ((TrainingKey, string)[])[(TrainingKeys.GradientCheckpointing, "true")] : [],
                    .. tiles is { } budget ? ((TrainingKey, string)[])[(TrainingKeys.MaxTiles, Text(budget))] : [],
                ];
                least = [.. batches[^1], .. common];
                if (Peak(arguments.With(least)) > limit)
                {
                    continue;   // nor would a larger batch
                }

                foreach ((TrainingKey, string)[] batch in batches)
                {
                    (TrainingKey Key, string Value)[] changes = [.. batch, .. common];
                    TrainingArguments changed = arguments.With(changes);
                    if (Peak(changed) <= limit)
                    {
                        return (changed, [.. changes.Select(change => (change.Key.Name, change.Value))]);
                    }
                }
            }
        }

        TrainingArguments smallest = arguments.With(least);
        long bytes = Peak(smallest);
        IReadOnlyList<(string Change, long Peak)> help = new SettingsSearch(smallest, planner, limit).Advice();
        throw new SmvlException(
            "the run does not fit the memory limit", Memory, $"at least {PlanText.Bytes(bytes)}, with {string.Join(", ", least.Select(change => $"{change.Key.Name} {change.Value}"))}",
            PlanText.Bytes(limit), help.Count == 0 ? "raise the limit" : $"raise the limit, or: {help[0].Change} ({PlanText.Bytes(help[0].Peak)})");
    }

    /// <summary>Single changes that lower the peak, and the peak they would have, the lowest first.</summary>
    public IReadOnlyList<(string Change, long Peak)> Advice()
    {
        long now = Peak(arguments);
        (TrainingKey Key, string Value)[][] single =
        [
            .. Batches().Skip(1).TakeLast(1),
            .. arguments.GradientCheckpointing ? ((TrainingKey, string)[][])[] : [[(TrainingKeys.GradientCheckpointing, "true")]],
            [(TrainingKeys.MaxTiles, "5")],
            [(TrainingKeys.Freeze, "connector")],
            [(TrainingKeys.Optim, "adamw_8bit")],
            [(TrainingKeys.Bf16, "true")],
            [(TrainingKeys.UseEma, "false")],
        ];
        List<(string, long)> found = [];
        foreach ((TrainingKey Key, string Value)[] changes in single)
        {
            try
            {
                long peak = Peak(arguments.With(changes));
                if (peak < 0.98 * now)
                {
                    found.Add((string.Join(" ", changes.Select(change => $"--{change.Key.Name} {change.Value}")), peak));
                }
            }
            catch (SmvlException)
            {
                // this run cannot have that setting
            }
        }

        return [.. found.OrderBy(advice => advice.Item2)];
    }

    private long Peak(TrainingArguments changed) => planner.Plan(changed, isFinal: false).Max(stage => stage.Plan.Memory.Total);

    /// <summary>Ways to cut a step's samples into micro-batches, the largest, as it is, first.</summary>
    private IEnumerable<(TrainingKey, string)[]> Batches()
    {
        int batch = arguments.PerDeviceTrainBatchSize, accumulation = arguments.GradientAccumulationSteps;
        yield return [];
        if (arguments.MaxTokensPerBatch is { } tokens)
        {
            for (int parts = 2; tokens / parts >= arguments.MaxLength; parts *= 2)
            {
                yield return [(TrainingKeys.MaxTokensPerBatch, Text(tokens / parts)), (TrainingKeys.GradientAccumulationSteps, Text(accumulation * parts)), .. Evaluation(1)];
            }

            yield break;
        }

        for (int smaller = batch - 1; smaller >= 1; smaller--)
        {
            if (batch * accumulation % smaller == 0)
            {
                yield return
                [
                    (TrainingKeys.PerDeviceTrainBatchSize, Text(smaller)),
                    (TrainingKeys.GradientAccumulationSteps, Text(batch * accumulation / smaller)),
                    .. Evaluation(smaller),
                ];
            }
        }
    }

    private (TrainingKey, string)[] Evaluation(int batch) => arguments.PerDeviceEvalBatchSize > batch ? [(TrainingKeys.PerDeviceEvalBatchSize, Text(batch))] : [];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
