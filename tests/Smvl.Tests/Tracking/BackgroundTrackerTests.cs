using System.Diagnostics;
using Smvl.Tracking;

namespace Smvl.Tests.Tracking;

/// <summary>A tracker behind a run's back: in order, without waiting, and never its failure.</summary>
public sealed class BackgroundTrackerTests
{
    private readonly List<string> warnings = [];

    [Fact]
    public void EverythingArrivesInOrderAndOnTheDiskAtACheckpoint()
    {
        Recorder inner = new();
        using BackgroundTracker tracker = new("slow", inner, warnings.Add, TimeSpan.FromMinutes(1));
        TrackedRuns.Log(tracker, TrackedRuns.Start());
        Assert.Equal("flush", inner.Calls[^1]);   // behind Flush it has been flushed
        tracker.OnEnd(new RunEnd(RunState.Finished));
        Assert.Equal(["console before the start", "start", "log 1"], inner.Calls[..3]);
        Assert.Equal(["flush", "end Finished", "dispose"], inner.Calls[^3..]);
        tracker.LogConsole("too late", isError: false);
        Assert.Empty(warnings);
    }

    [Fact]
    public void AFailureIsOneWarningAndTheEndOfThatLog()
    {
        Recorder inner = new() { Fails = call => call == "log 2" };
        using (BackgroundTracker tracker = new("broken", inner, warnings.Add, TimeSpan.FromMinutes(1)))
        {
            TrackedRuns.Log(tracker, TrackedRuns.Start());
            tracker.OnEnd(new RunEnd(RunState.Finished));
        }

        Assert.Equal("broken: No space left on device; the run goes on without this log", Assert.Single(warnings));
        Assert.Equal(["log 2", "dispose"], inner.Calls[^2..]);
    }

    [Fact]
    public void ADiskThatHangsHoldsUpNothingButTheEnd()
    {
        using ManualResetEventSlim hang = new();
        Recorder inner = new() { Fails = call => call == "log 1" && !hang.Wait(TimeSpan.FromMinutes(1)) };
        BackgroundTracker tracker = new("hanging", inner, warnings.Add, TimeSpan.FromMilliseconds(10)) { LongestEnd = TimeSpan.FromMilliseconds(10) };
        long started = Stopwatch.GetTimestamp();
        TrackedRuns.Log(tracker, TrackedRuns.Start());
        tracker.OnEnd(new RunEnd(RunState.Finished));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.DoesNotContain("end Finished", inner.Calls);
        hang.Set();
    }

    private sealed class Recorder : ITracker
    {
        public List<string> Calls { get; } = [];

        public Func<string, bool> Fails { get; init; } = _ => false;

        public void OnStart(TrackedRun run) => Record("start");

        public void Log(LogEntry entry) => Record($"log {entry.Step}");

        public void Measure(LogEntry measured) => Record($"measure {measured.Step}");

        public void LogConsole(string line, bool isError) => Record($"console {line}");

        public void LogSample(SampleAnswer sample) => Record("sample");

        public void Flush() => Record("flush");

        public void OnEnd(RunEnd end) => Record($"end {end.State}");

        public void Dispose() => Record("dispose");

        private void Record(string call)
        {
            Calls.Add(call);
            if (Fails(call))
            {
                throw new IOException("No space left on device");
            }
        }
    }
}
