using System.Collections.Concurrent;
using System.Diagnostics;

namespace Smvl.Tracking;

/// <summary>
/// Another tracker on a thread of its own, so that a run neither waits for it nor fails with it: its first failure becomes one line, and
/// nothing more is logged there. What was logged is flushed at every checkpoint, which waits for it a moment, and at least every
/// <see cref="FlushInterval"/>.
/// </summary>
internal sealed class BackgroundTracker : ITracker
{
    public static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(20);

    private readonly string name;
    private readonly ITracker inner;
    private readonly Action<string> warn;
    private readonly TimeSpan patience;
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;
    private bool failed;

    /// <param name="name">what a warning calls it</param>
    /// <param name="inner">is called on one thread only, and disposed there</param>
    /// <param name="warn">gets the warning, on that thread</param>
    /// <param name="patience">how long a checkpoint waits for a slow disk</param>
    public BackgroundTracker(string name, ITracker inner, Action<string> warn, TimeSpan patience)
    {
        this.name = name;
        this.inner = inner;
        this.warn = warn;
        this.patience = patience;
        thread = new Thread(Work) { IsBackground = true, Name = $"tracker {name}" };
        thread.Start();
    }

    /// <summary>How long the end of a run waits.</summary>
    public TimeSpan LongestEnd { get; init; } = TimeSpan.FromSeconds(40);

    public void OnStart(TrackedRun run) => Later(tracker => tracker.OnStart(run));

    public void Log(LogEntry entry) => Later(tracker => tracker.Log(entry));

    public void Measure(LogEntry measured) => Later(tracker => tracker.Measure(measured));

    public void LogConsole(string line, bool isError) => Later(tracker => tracker.LogConsole(line, isError));

    public void LogSample(SampleAnswer sample) => Later(tracker => tracker.LogSample(sample));

    public void Flush()
    {
        // not disposed: the other thread may set it when nobody waits any more
        ManualResetEventSlim done = new();
        Later(tracker => tracker.Flush());
        work.Add(done.Set);
        done.Wait(patience);
    }

    public void OnEnd(RunEnd end)
    {
        Later(tracker => tracker.OnEnd(end));
        Dispose();
    }

    /// <summary>Waits for what is still to be written, once.</summary>
    public void Dispose()
    {
        if (!work.IsAddingCompleted)
        {
            work.CompleteAdding();
            thread.Join(LongestEnd);
        }
    }

    /// <summary>Behind the end there is nothing to log, and what a tracker says there is shown only.</summary>
    private void Later(Action<ITracker> action)
    {
        if (!work.IsAddingCompleted)
        {
            work.Add(() => Guarded(action));
        }
    }

    private void Work()
    {
        long flushed = Stopwatch.GetTimestamp();
        while (!work.IsCompleted)
        {
            TimeSpan left = FlushInterval - Stopwatch.GetElapsedTime(flushed);
            if (left <= TimeSpan.Zero)
            {
                flushed = Stopwatch.GetTimestamp();
                Guarded(tracker => tracker.Flush());
            }
            else if (work.TryTake(out Action? action, left))
            {
                action();
            }
        }

        inner.Dispose();
    }

    /// <summary>Whatever goes wrong in a tracker, a run of hours is worth more.</summary>
    private void Guarded(Action<ITracker> action)
    {
        if (failed)
        {
            return;
        }

        try
        {
            action(inner);
        }
        catch (Exception exception)
        {
            failed = true;
            warn($"{name}: {exception.Message.ReplaceLineEndings(" ")}; the run goes on without this log");
        }
    }
}
