using System.Diagnostics;
using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tracking;

/// <summary>
/// One entry of the log: the Trainer's log dict (loss, grad_norm, learning_rate, epoch; eval_loss, ...) and the step.
/// </summary>
public sealed class LogEntry
{
    /// <param name="step">optimizer steps done</param>
    /// <param name="metrics">names and values, all finite: a run stops before it logs anything else</param>
    public LogEntry(int step, params IEnumerable<KeyValuePair<string, double>> metrics)
    {
        Step = step;
        Metrics = new SortedDictionary<string, double>(new Dictionary<string, double>(metrics), StringComparer.Ordinal);
        Debug.Assert(Metrics.Values.All(double.IsFinite), "a metric is not finite");
    }

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; }

    /// <summary>Values by name, in the order of the names.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; }

    /// <summary>One object; the step stands among the metrics in the order of the names, as the Trainer's sorted state file has it.</summary>
    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        bool stepWritten = false;
        foreach ((string name, double value) in Metrics)
        {
            if (!stepWritten && string.CompareOrdinal(name, "step") > 0)
            {
                writer.WriteNumber("step", Step);
                stepWritten = true;
            }

            writer.WritePropertyName(name);
            writer.WriteRawValue(FloatText.Of(value));
        }

        if (!stepWritten)
        {
            writer.WriteNumber("step", Step);
        }

        writer.WriteEndObject();
    }
}
