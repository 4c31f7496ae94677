using System.Globalization;

namespace Smvl.Tests.Training;

/// <summary>
/// A long run needs no more memory than a short one, however large its pictures. Measured in processes of their own, undisturbed by other
/// tests.
/// </summary>
public sealed class SteadyMemoryTests
{
    private const long MostManagedBytesPerStep = 1 << 20;

    // what the runtime compiles again, and the collector keeps, in the meantime
    private const long MostGrowth = 12 << 20;

    [Theory, InlineData(nameof(TwoHundredSteps)), InlineData(nameof(StepsOfLargePictures))]
    public Task MemoryStaysAsItIs(string run)
    {
        Assert.SkipWhen(ChildProcess.IsThis, "runs in the outer process only");
        return ChildProcess.Passes([$"*.SteadyMemoryTests.{run}"], ("DOTNET_PROCESSOR_COUNT", "2"));
    }

    [Fact]
    public void TwoHundredSteps()
    {
        Assert.SkipUnless(ChildProcess.IsThis, "runs in a process of its own: see MemoryStaysAsItIs");
        using TemporaryFolder folder = new();
        List<string> keys = RunFixture.GoldenKeys(folder["out"]);
        keys.AddRange(["--save_strategy", "no", "--per_device_train_batch_size", "2"]);
        Measure(keys, warmUp: 50, measured: 200, MostGrowth);
    }

    [Fact]
    public void StepsOfLargePictures()
    {
        Assert.SkipUnless(ChildProcess.IsThis, "runs in a process of its own: see MemoryStaysAsItIs");
        using TemporaryFolder folder = new();
        List<string> keys = LargePictures.Keys(folder);

        // as many samples ahead as there are cores, from the first step on: a busy machine makes the window no wider later
        keys.AddRange(["--output_dir", folder["out"], "--report_to", "none", "--gradient_accumulation_steps", $"{Environment.ProcessorCount}"]);
        // a picture may be in the making at every step of one quarter and at none of another; kept, those of 40 samples would be 1.1 GB
        RecordingObserver observer = Measure(keys, warmUp: 6, measured: 20, MostGrowth + LargePictures.DecodingBytes);
        Assert.All(observer.Steps, step => Assert.InRange(step.Tokens, LargePictures.Tiles * 4, 4096));
        Assert.DoesNotContain(observer.Notes, note => note.Contains("fewer tiles", StringComparison.Ordinal));
    }

    private static RecordingObserver Measure(List<string> keys, int warmUp, int measured, long mostGrowth)
    {
        keys.AddRange(["--max_steps", $"{warmUp + measured}"]);
        var allocated = new List<long>(warmUp + measured);
        var resident = new List<long>(warmUp + measured);
        RecordingObserver observer = new()
        {
            AtStep = _ =>
            {
                resident.Add(Resident());
                allocated.Add(GC.GetTotalAllocatedBytes(precise: true));
            },
        };
        RunFixture.Run(keys, observer);
        Assert.InRange((allocated[^1] - allocated[warmUp - 1]) / measured, 1, MostManagedBytesPerStep);

        // the next samples are being made at any moment, with more memory or less; the least of some steps is what stays
        int some = measured / 4;
        long before = resident.GetRange(warmUp, some).Min(), after = resident.GetRange(warmUp + measured - some, some).Min();
        Assert.InRange(after - before, long.MinValue, mostGrowth);
        return observer;
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
