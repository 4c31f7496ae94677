using System.Diagnostics;
using Smvl.Tensors.Cpu;

namespace Smvl.Benchmarks;

/// <summary>What a work is compared with.</summary>
internal enum MachineLimit
{
    None,

    /// <summary>Floating point operations per second.</summary>
    MultiplyAdds,

    /// <summary>Bytes per second.</summary>
    Read,
}

/// <summary>How often a work runs.</summary>
/// <param name="WarmUps">runs that do not count</param>
/// <param name="AtLeast">runs that count</param>
/// <param name="AtMost">more of them, while they and the limit have taken less than <see cref="Meter.Enough"/></param>
internal readonly record struct Runs(int WarmUps, int AtLeast, int AtMost);

/// <summary>The best run of a work.</summary>
/// <param name="Seconds">of the fastest run</param>
/// <param name="Limit">the best of the limit's bursts between the runs; 0 for <see cref="MachineLimit.None"/></param>
internal readonly record struct Measurement(double Seconds, double Limit);

/// <summary>
/// Runs a work several times with bursts of the machine's limit in between, so that a busy machine lowers both, and keeps the best
/// of either.
/// </summary>
internal sealed class Meter(MachineLimits limits, CancellationToken cancellation)
{
    /// <summary>Seconds of counted runs and bursts behind which no run is added.</summary>
    public const double Enough = 0.25;

    private const int LeastBursts = 4;

    /// <summary>Peak resident bytes behind the first counted run, before a limit takes memory of its own; null where the system does not tell.</summary>
    public double? PeakBytes { get; private set; }

    /// <summary>Seconds of one call.</summary>
    public static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public Measurement Best(MachineLimit limit, Runs runs, Action work) => Best(limit, runs, () => Time(work));

    /// <param name="limit">measured between the runs</param>
    /// <param name="runs">how often</param>
    /// <param name="work">runs once and returns its seconds</param>
    public Measurement Best(MachineLimit limit, Runs runs, Func<double> work)
    {
        for (int i = 0; i < runs.WarmUps; i++)
        {
            Run();
        }

        double best = double.MaxValue, bestLimit = 0;
        int bursts = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs.AtLeast || (i < runs.AtMost && Stopwatch.GetElapsedTime(start).TotalSeconds < Enough); i++)
        {
            best = Math.Min(best, Run());
            PeakBytes ??= PeakMemory.Bytes();
            Burst();
        }

        while (bursts < LeastBursts)
        {
            Burst();
        }

        return new Measurement(best, bestLimit);

        void Burst()
        {
            bestLimit = Math.Max(bestLimit, this.Burst(limit));
            bursts++;
        }

        double Run()
        {
            cancellation.ThrowIfCancellationRequested();
            return work();
        }
    }

    /// <summary>One burst of a limit, per second.</summary>
    public double Burst(MachineLimit limit) => limit switch
    {
        MachineLimit.MultiplyAdds => limits.MultiplyAdds(),
        MachineLimit.Read => limits.Read(),
        _ => 0,
    };
}
