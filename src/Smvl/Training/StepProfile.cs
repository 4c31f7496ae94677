using System.Diagnostics;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// Where the time of a run's steps goes. A step begins when its samples are asked for and ends behind its update; logging, evaluating and
/// saving lie between two steps and are left out. So is the first step, in which code is compiled and memory is touched for the first
/// time, when it is not the only one.
/// </summary>
/// <param name="backend">the one that the run computes with</param>
internal sealed class StepProfile(ProfilingBackend backend)
{
    private readonly Dictionary<OperationKind, OperationTally> operations = [];
    private int done;
    private int counted;

    // in the stopwatch's ticks
    private long started;
    private long stepWaiting;
    private long waiting;
    private long total;

    public void BeginStep()
    {
        backend.Take();
        started = Stopwatch.GetTimestamp();
    }

    /// <summary>The samples are there.</summary>
    public void EndWaiting() => stepWaiting = Stopwatch.GetTimestamp() - started;

    public void EndStep()
    {
        long step = Stopwatch.GetTimestamp() - started;
        if (done == 1)
        {
            operations.Clear();
            (counted, waiting, total) = (0, 0, 0);
        }

        done++;
        counted++;
        waiting += stepWaiting;
        total += step;
        foreach ((OperationKind kind, OperationTally tally) in backend.Take())
        {
            operations[kind] = operations.GetValueOrDefault(kind) + tally;
        }
    }

    /// <summary>The means of the counted steps; null before the first one's end.</summary>
    public ProfileReport? Report() => counted == 0 ? null
        : new ProfileReport(counted, done > counted, total / (double)Stopwatch.Frequency, waiting / (double)Stopwatch.Frequency, operations);
}
