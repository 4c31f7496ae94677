using System.Diagnostics;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

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
/// <param name="Queued">on a GPU a run that counts is so many, handed over one behind the other before any is waited for</param>
internal readonly record struct Runs(int WarmUps, int AtLeast, int AtMost, int Queued = 1);

/// <summary>The best run of a work.</summary>
/// <param name="Seconds">of the fastest run</param>
/// <param name="Limit">the best of the limit's bursts between the runs; null for <see cref="MachineLimit.None"/>, and on a GPU, which has no such bursts</param>
internal readonly record struct Measurement(double Seconds, double? Limit);

/// <summary>
/// Runs a work several times with bursts of the machine's limit in between, so that a busy machine lowers both, and keeps the best
/// of either. On a GPU a run ends when the device has done it.
/// </summary>
/// <param name="limits">the CPU's; null where it is not what computes</param>
/// <param name="device">the GPU that computes; null for the CPU</param>
/// <param name="cancellation">heard between runs</param>
internal sealed class Meter(MachineLimits? limits, GpuDevice? device, CancellationToken cancellation)
{
    /// <summary>Seconds of counted runs and bursts behind which no run is added.</summary>
    public const double Enough = 0.25;

    private const int LeastBursts = 4;

    /// <summary>
    /// Peak resident bytes behind the first counted run, before a limit takes memory of its own; null where the system does not tell. Of
    /// a GPU, the bytes that were taken of its memory.
    /// </summary>
    public double? PeakBytes { get; private set; }

    /// <summary>Seconds of one call.</summary>
    public static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <param name="limit">measured between the runs</param>
    /// <param name="runs">how often</param>
    /// <param name="work">runs once</param>
    public Measurement Best(MachineLimit limit, Runs runs, Action work)
    {
        if (device is null)
        {
            return Best(limit, runs, () => Time(work));
        }

        return Best(limit, runs, () => Time(() =>
        {
            for (int i = 0; i < runs.Queued; i++)
            {
                work();
            }

            device.Wait();
        }) / runs.Queued);
    }

    /// <param name="limit">measured between the runs</param>
    /// <param name="runs">how often</param>
    /// <param name="work">runs once, to its end, and returns its seconds</param>
    public Measurement Best(MachineLimit limit, Runs runs, Func<double> work)
    {
        for (int i = 0; i < runs.WarmUps; i++)
        {
            Run();
        }

        double best = double.MaxValue;
        double? bestLimit = null;
        int bursts = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs.AtLeast || (i < runs.AtMost && Stopwatch.GetElapsedTime(start).TotalSeconds < Enough); i++)
        {
            best = Math.Min(best, Run());
            PeakBytes ??= device is null ? PeakMemory.Bytes() : device.TakenBytes.Most;
            Burst();
        }

        while (bursts < LeastBursts)
        {
            Burst();
        }

        return new Measurement(best, bestLimit);

        void Burst()
        {
            bestLimit = this.Burst(limit) is { } burst ? Math.Max(bestLimit ?? 0, burst) : null;
            bursts++;
        }

        double Run()
        {
            cancellation.ThrowIfCancellationRequested();
            return work();
        }
    }

    /// <summary>One burst of a limit, per second; null where there is none.</summary>
    public double? Burst(MachineLimit limit) => limit switch
    {
        MachineLimit.MultiplyAdds => limits?.MultiplyAdds(),
        MachineLimit.Read => limits?.Read(),
        _ => null,
    };
}
