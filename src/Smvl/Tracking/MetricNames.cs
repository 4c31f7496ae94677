namespace Smvl.Tracking;

/// <summary>How transformers' callbacks name the entries of the Trainer's log. Source: integrations/integration_utils.py, rewrite_logs.</summary>
internal static class MetricNames
{
    public const string GlobalStep = "train/global_step";

    private static readonly string[] Sections = ["eval", "test"];
    private static readonly string[] SingleValues = ["train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss", "total_flos"];

    /// <summary><c>eval_x</c> is <c>eval/x</c>, <c>test_x</c> is <c>test/x</c>, everything else <c>train/x</c>.</summary>
    public static string Rewritten(string name)
    {
        foreach (string section in Sections)
        {
            if (name.StartsWith(section + "_", StringComparison.Ordinal))
            {
                return $"{section}/{name[(section.Length + 1)..]}";
            }
        }

        return $"train/{name}";
    }

    /// <summary>What SwanLabCallback logs of an entry: totals of the run by themselves, the rest rewritten, and the step.</summary>
    public static IEnumerable<(string Key, double Value)> OfSwanLab(LogEntry entry)
    {
        foreach ((string name, double value) in entry.Metrics)
        {
            yield return (SingleValues.Contains(name) ? $"single_value/{name}" : Rewritten(name), value);
        }

        yield return (GlobalStep, entry.Step);
    }
}
