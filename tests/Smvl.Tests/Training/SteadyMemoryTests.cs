using System.Globalization;

namespace Smvl.Tests.Training;

/// <summary>A long run needs no more memory than a short one. Measured in a process of its own, undisturbed by other tests.</summary>
public sealed class SteadyMemoryTests
{
    private const int WarmUp = 50, Measured = 200;
    private const long MostManagedBytesPerStep = 1 << 20;

    // what the runtime compiles again, and the collector keeps, in the meantime
    private const long MostGrowth = 12 << 20;

    [Fact]
    public Task MemoryStaysAsItIs()
    {
        Assert.SkipWhen(ChildProcess.IsThis, "runs in the outer process only");
        return ChildProcess.Passes(["*.SteadyMemoryTests.TwoHundredSteps"]);
    }

    [Fact]
    public void TwoHundredSteps()
    {
        Assert.SkipUnless(ChildProcess.IsThis, "runs in a process of its own: see MemoryStaysAsItIs");
        using TemporaryFolder folder = new();
        List<string> keys = RunFixture.GoldenKeys(folder["out"]);
        keys.AddRange(["--max_steps", $"{WarmUp + Measured}", "--save_strategy", "no", "--per_device_train_batch_size", "2"]);
        long allocated = 0, resident = 0;
        RunFixture.Run(keys, new RecordingObserver
        {
            AtStep = step =>
            {
                if (step == WarmUp)
                {
                    (allocated, resident) = (GC.GetTotalAllocatedBytes(precise: true), Resident());
                }
                else if (step == WarmUp + Measured)
                {
                    (allocated, resident) = (GC.GetTotalAllocatedBytes(precise: true) - allocated, Resident() - resident);
                }
            },
        });
        Assert.InRange(allocated / Measured, 1, MostManagedBytesPerStep);
        Assert.InRange(resident, long.MinValue, MostGrowth);
    }

    /// <summary>Bytes of the process's own memory; files that it maps are the system's to keep or drop.</summary>
    private static long Resident()
    {
        GC.Collect();
        if (!OperatingSystem.IsLinux())
        {
            return Environment.WorkingSet;
        }

        string line = File.ReadLines("/proc/self/status").First(each => each.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
