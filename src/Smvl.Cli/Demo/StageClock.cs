using System.Diagnostics;

namespace Smvl.Cli.Demo;

/// <summary>Where the time went: seconds of each part, in the order in which the parts began.</summary>
internal sealed class StageClock
{
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly List<(string Name, double Seconds)> stages = [];

    public IReadOnlyList<(string Name, double Seconds)> Stages => stages;

    /// <summary>Seconds since the clock was made.</summary>
    public double Total => Stopwatch.GetElapsedTime(started).TotalSeconds;

    public T Time<T>(string name, Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work();
        stages.Add((name, Stopwatch.GetElapsedTime(start).TotalSeconds));
        return result;
    }
}
