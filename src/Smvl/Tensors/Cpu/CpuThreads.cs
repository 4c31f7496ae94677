using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Runs the parts of one operation on several cores. Which thread runs a part never changes a result: parts write disjoint
/// outputs, and where an output depends on how they are cut, that depends on shapes only, not on the number of threads.
/// A crew of its own, because a token is some five hundred operations of some ten microseconds: the workers look out for the next
/// one for a while before they sleep, and handing them work allocates nothing. Compared with the framework's pool in
/// bench/RESULTS.md.
/// </summary>
internal sealed class CpuThreads : IDisposable
{
    private readonly Crew? crew;

    /// <param name="count">threads to use, the caller's included; at least 1</param>
    public CpuThreads(int count)
    {
        Count = count;
        crew = count > 1 ? new Crew(count - 1) : null;
    }

    // the workers know the crew and not this object, so that one that nobody disposes of ends them too
    ~CpuThreads() => crew?.Stop();

    public int Count { get; }

    /// <summary>Calls <paramref name="body"/> once for each of 0 .. <paramref name="parts"/> − 1, in any order, and returns when all are done.</summary>
    public void For(int parts, Action<int> body)
    {
        if (crew is null || parts <= 1 || !crew.TryRun(parts, body, null, 0, 0))
        {
            for (int i = 0; i < parts; i++)
            {
                body(i);
            }
        }
    }

    /// <summary>Splits <paramref name="count"/> items into runs of <paramref name="grain"/> and calls <paramref name="body"/>(start, end) for each.</summary>
    public void ForRanges(int count, int grain, Action<int, int> body)
    {
        if (crew is null || count <= grain || !crew.TryRun((int)(((long)count + grain - 1) / grain), null, body, count, grain))
        {
            for (long start = 0; start < count; start += grain)
            {
                body((int)start, (int)Math.Min(count, start + grain));
            }
        }
    }

    /// <summary>Ends the workers; work given afterwards runs on the caller's thread.</summary>
    public void Dispose()
    {
        crew?.Stop();
        GC.SuppressFinalize(this);
    }

    /// <summary>The workers and the one job that they share with the caller.</summary>
    private sealed class Crew
    {
        /// <summary>How long a worker looks out for the next operation before it sleeps: longer than the gaps within a token or a step.</summary>
        private static readonly long LookOut = Stopwatch.Frequency / 5000; // 0.2 ms

        /// <summary>Of some 40 ns each.</summary>
        private const int MostSpins = 5000;

        private readonly Lock caller = new();
        private readonly object bed = new();
        private int sleeping;
        private volatile bool stopped;

        // the job; written by the caller while no part of the one before is left
        private volatile int generation;
        private volatile int parts;
        private Action<int>? body;
        private Action<int, int>? rangeBody;
        private int count;
        private int grain;
        private Exception? failure;

        // Ticket: generation · 2^32 + the next part: a claim says which job it is for, so that a late worker never takes another's part
        private Counters counters;

        public Crew(int workers)
        {
            for (int i = 0; i < workers; i++)
            {
                new Thread(Work) { IsBackground = true, Name = "smvl worker" }.Start();
            }
        }

        /// <returns>false, with nothing done, when the crew is at another caller's work, at this one's (nested), or stopped</returns>
        public bool TryRun(int parts, Action<int>? body, Action<int, int>? rangeBody, int count, int grain)
        {
            if (stopped || caller.IsHeldByCurrentThread || !caller.TryEnter())
            {
                return false;
            }

            try
            {
                int next = generation + 1;
                generation = next;
                (this.body, this.rangeBody, this.count, this.grain) = (body, rangeBody, count, grain);
                failure = null;
                Volatile.Write(ref counters.Done, 0);
                this.parts = parts;
                Interlocked.Exchange(ref counters.Ticket, (long)next << 32);
                if (Volatile.Read(ref sleeping) > 0)
                {
                    lock (bed)
                    {
                        Monitor.PulseAll(bed);
                    }
                }

                Take();
                for (int spins = 0; Volatile.Read(ref counters.Done) < parts; spins++)
                {
                    // the workers' last parts are nearly done, unless the system has taken a core away
                    if (spins < MostSpins)
                    {
                        Thread.SpinWait(1);
                    }
                    else
                    {
                        Thread.Yield();
                    }
                }

                (this.body, this.rangeBody) = (null, null);
                if (failure is not null)
                {
                    ExceptionDispatchInfo.Throw(failure);
                }

                return true;
            }
            finally
            {
                caller.Exit();
            }
        }

        public void Stop()
        {
            stopped = true;
            lock (bed)
            {
                Monitor.PulseAll(bed);
            }
        }

        private void Work()
        {
            int seen = 0;
            while (!stopped)
            {
                seen = Await(seen);
                Take();
            }
        }

        /// <summary>The generation of a job other than <paramref name="seen"/>.</summary>
        private int Await(int seen)
        {
            long until = Stopwatch.GetTimestamp() + LookOut;
            for (int spins = 1; spins % 64 != 0 || Stopwatch.GetTimestamp() < until; spins++)
            {
                int now = (int)(Volatile.Read(ref counters.Ticket) >> 32);
                if (now != seen)
                {
                    return now;
                }

                Thread.SpinWait(1);
            }

            lock (bed)
            {
                Interlocked.Increment(ref sleeping);
                while (!stopped && (int)(Volatile.Read(ref counters.Ticket) >> 32) == seen)
                {
                    Monitor.Wait(bed);
                }

                Interlocked.Decrement(ref sleeping);
                return (int)(Volatile.Read(ref counters.Ticket) >> 32);
            }
        }

        /// <summary>Runs parts of the present job until none is left to take.</summary>
        private void Take()
        {
            while (true)
            {
                long claim = Interlocked.Increment(ref counters.Ticket) - 1;
                int part = (int)claim;

                // parts before generation: the caller changes them in the other order
                if (part >= parts || (int)(claim >> 32) != generation)
                {
                    return;
                }

                try
                {
                    if (body is not null)
                    {
                        body(part);
                    }
                    else
                    {
                        long start = (long)part * grain;
                        rangeBody!((int)start, (int)Math.Min(count, start + grain));
                    }
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, e, null);
                }

                Interlocked.Increment(ref counters.Done);
            }
        }

        /// <summary>What all threads write, each on a cache line of its own and away from what they read.</summary>
        [StructLayout(LayoutKind.Explicit, Size = 384)]
        private struct Counters
        {
            [FieldOffset(128)]
            public long Ticket;

            [FieldOffset(256)]
            public int Done;
        }
    }
}
