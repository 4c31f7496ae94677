using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>The crew of threads: every part once, whatever happens around it.</summary>
public sealed class CpuThreadsTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(8)]
    public void EveryPartRunsOnce(int count)
    {
        using CpuThreads threads = new(count);
        int[] times = new int[1000];
        for (int parts = 0; parts <= times.Length; parts += parts < 20 ? 1 : 97)
        {
            Array.Clear(times);
            threads.For(parts, part => Interlocked.Increment(ref times[part]));
            Assert.All(times[..parts], n => Assert.Equal(1, n));
            Assert.All(times[parts..], n => Assert.Equal(0, n));
        }
    }

    // a late worker that takes another job's part would run it twice, or one that does not exist
    [Fact]
    public void ShortJobsInARowNeverMixUp()
    {
        using CpuThreads threads = new(4);
        int[] times = new int[7];
        for (int job = 0; job < 200_000; job++)
        {
            int parts = (job % 6) + 2;
            threads.For(parts, part => Interlocked.Increment(ref times[part]));
            for (int part = 0; part < times.Length; part++)
            {
                if (times[part] != (part < parts ? 1 : 0))
                {
                    Assert.Fail($"job {job}: part {part} of {parts} ran {times[part]} times");
                }

                times[part] = 0;
            }
        }
    }

    [Theory, InlineData(0, 4), InlineData(1, 4), InlineData(4, 4), InlineData(5, 4), InlineData(1023, 10)]
    public void RangesCoverEverythingOnce(int count, int grain)
    {
        using CpuThreads threads = new(2);
        int[] times = new int[count];
        threads.ForRanges(count, grain, (start, end) =>
        {
            Assert.InRange(end - start, 1, grain);
            for (int i = start; i < end; i++)
            {
                Interlocked.Increment(ref times[i]);
            }
        });
        Assert.All(times, n => Assert.Equal(1, n));
    }

    [Fact]
    public void AFailureComesOutAndTheNextJobRuns()
    {
        using CpuThreads threads = new(3);
        for (int round = 0; round < 20; round++)
        {
            InvalidDataException e = Assert.Throws<InvalidDataException>(
                () => threads.For(50, part => _ = part == 31 ? throw new InvalidDataException("part 31") : part));
            Assert.Equal("part 31", e.Message);
            int done = 0;
            threads.For(50, _ => Interlocked.Increment(ref done));
            Assert.Equal(50, done);
        }
    }

    [Fact]
    public void AJobWithinAJobAndTwoCallersAtOnceAreServed()
    {
        using CpuThreads threads = new(3);
        int done = 0;
        threads.For(5, _ => threads.For(7, _ => Interlocked.Increment(ref done)));
        Assert.Equal(35, done);

        Thread[] callers = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int job = 0; job < 1000; job++)
            {
                threads.For(3, _ => Interlocked.Increment(ref done));
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        Assert.Equal(35 + (4 * 1000 * 3), done);
    }

    [Fact]
    public void WorkersSleepBetweenJobsAndWakeForTheNext()
    {
        using CpuThreads threads = new(2);
        for (int job = 0; job < 5; job++)
        {
            // two parts that wait for each other need two threads
            using Barrier barrier = new(2);
            threads.For(2, _ => Assert.True(barrier.SignalAndWait(TimeSpan.FromSeconds(30)), "the worker did not wake"));
            Thread.Sleep(20);
        }
    }

    [Fact]
    public void AfterTheEndTheCallerWorksAlone()
    {
        CpuThreads threads = new(4);
        threads.For(10, _ => { });
        threads.Dispose();
        int caller = Environment.CurrentManagedThreadId;
        threads.For(10, _ => Assert.Equal(caller, Environment.CurrentManagedThreadId));
    }

    [Fact]
    public void GivingWorkAllocatesNothing()
    {
        using CpuThreads threads = new(2);
        Action<int> nothing = _ => { };
        Action<int, int> range = (_, _) => { };
        for (int warm = 0; warm < 100; warm++)
        {
            threads.For(8, nothing);
            threads.ForRanges(100, 10, range);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int job = 0; job < 1000; job++)
        {
            threads.For(8, nothing);
            threads.ForRanges(100, 10, range);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
