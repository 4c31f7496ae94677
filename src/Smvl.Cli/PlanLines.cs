using System.Globalization;
using Smvl.Training.Planning;

namespace Smvl.Cli;

/// <summary>A plan for people.</summary>
internal static class PlanLines
{
    private const double Mebi = 1 << 20;

    public static IEnumerable<string> Of(TrainingPlan plan)
    {
        foreach ((int i, (string? name, RunPlan stage)) in plan.Stages.Index())
        {
            if (name is not null)
            {
                yield return $"stage {i + 1} of {plan.Stages.Count}, {name}";
            }

            foreach (string line in Of(stage))
            {
                yield return line;
            }

            yield return "";
        }

        if (plan.Stages.Count > 1 && plan.TotalSeconds is { } seconds)
        {
            yield return $"all stages: {PlanText.Seconds(seconds)}, {PlanText.Bytes(plan.Peak)} at most";
        }

        foreach (string line in Verdict(plan))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Of(RunPlan plan)
    {
        yield return $"{"parameters",-14}{"all",10}{"trained",10}";
        foreach (PartParameters part in plan.Parts)
        {
            yield return $"  {part.Part.ToString().ToLowerInvariant(),-12}{Millions(part.Count),10}{Millions(part.Trained),10}";
        }

        yield return $"  {"together",-12}{Millions(plan.Parts.Sum(part => part.Count)),10}{Millions(plan.Parts.Sum(part => part.Trained)),10}";
        yield return $"{"memory",-14}{PlanText.Bytes(plan.Memory.Total),10}  at most";
        foreach ((string kind, long bytes) in plan.Memory.Kinds)
        {
            yield return $"  {kind,-12}{PlanText.Bytes(bytes),10}";
        }

        PlannedData data = plan.Data;
        yield return Invariant($"{"data",-14}{data.TokensPerSample:0.0} tokens and {data.TilesPerSample:0.00} tiles a sample, at most {data.LargestSample} and {data.MostTiles}, in {data.Rows} rows looked at");
        yield return Invariant($"{"step",-14}{data.SamplesPerStep:0.##} samples, {data.TokensPerStep:0.0} tokens, {plan.StepGflop:0.00} GFLOP");
        string left = plan.FirstStep > 0 ? Invariant($", {plan.Steps - plan.FirstStep} left of") : "";
        yield return Invariant($"{"run",-14}{plan.Epochs:0.##} epochs{left} {plan.Steps} steps, {plan.Evaluations} evaluations of {plan.EvaluationRows} rows");
        if (plan.Time is { } time)
        {
            yield return $"{"time",-14}{PlanText.Seconds(time.SecondsPerStep)} per step, {PlanText.Seconds(time.EvaluationSeconds)} per evaluation, {PlanText.Seconds(time.TotalSeconds)} in all (measured in {PlanText.Seconds(time.MeasuredSeconds)})";
        }

        string state = plan.StateBytes > 0 ? $" and {PlanText.Bytes(plan.StateBytes)} training state" : "";
        yield return $"{"disk",-14}{PlanText.Bytes(plan.DiskBytes)}: {plan.Checkpoints} checkpoints of {PlanText.Bytes(plan.ModelBytes)} model{state}, and the trained model";
    }

    private static IEnumerable<string> Verdict(TrainingPlan plan)
    {
        if (plan.Picked.Count > 0)
        {
            yield return $"picked to fit {PlanText.Bytes(plan.Available)}: {string.Join(" ", plan.Picked.Select(key => $"--{key.Key} {key.Value}"))}";
        }
        else if (plan.Fits)
        {
            yield return $"fits {PlanText.Bytes(plan.Available)} as it is";
        }
        else
        {
            yield return $"does not fit {PlanText.Bytes(plan.Available)}; --memory picks settings that do. Alone would help:";
            foreach ((string change, long peak) in plan.Advice)
            {
                yield return $"  {PlanText.Bytes(peak),10}  {change}";
            }
        }
    }

    private static string Millions(long count) => Invariant($"{count / Mebi:0.00}M");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
