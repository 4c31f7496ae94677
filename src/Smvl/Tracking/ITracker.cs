namespace Smvl.Tracking;

/// <summary>
/// Where a run's log goes. The trainer calls <see cref="OnStart"/> once, then the others in the order of the steps, then
/// <see cref="OnEnd"/>; disposal releases what is open either way. Console lines may come before the start.
/// </summary>
public interface ITracker : IDisposable
{
    void OnStart(TrackedRun run);

    /// <summary>An entry of the Trainer's log.</summary>
    void Log(LogEntry entry);

    /// <summary>What this machine did at a step: no part of the Trainer's log, and not the same in a run that is repeated.</summary>
    void Measure(LogEntry measured);

    /// <summary>A line that the user was shown.</summary>
    void LogConsole(string line, bool isError);

    void LogSample(SampleAnswer sample);

    /// <summary>Hands everything so far to the disk; called at every checkpoint.</summary>
    void Flush();

    void OnEnd(RunEnd end);
}
