using Smvl.Training;

namespace Smvl.Tracking;

/// <summary>
/// Where a run's log goes. The trainer calls <see cref="OnStart"/> once, then <see cref="Log"/> and <see cref="LogText"/> in the order
/// of the steps, then <see cref="OnEnd"/> if the run came to its end; disposal releases what is open either way.
/// </summary>
public interface ITracker : IDisposable
{
    /// <param name="arguments">the whole configuration</param>
    /// <param name="history">what was logged up to the checkpoint that the run continues from; empty for a new run</param>
    void OnStart(TrainingArguments arguments, IReadOnlyList<LogEntry> history);

    void Log(LogEntry entry);

    /// <param name="step">optimizer steps done</param>
    /// <param name="name">what the text is, e.g. <c>sample_answer</c></param>
    /// <param name="text">any text</param>
    void LogText(int step, string name, string text);

    void OnEnd();
}
