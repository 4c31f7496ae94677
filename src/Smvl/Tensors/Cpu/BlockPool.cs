using System.Numerics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Keeps blocks of memory for reuse, so that a step after the first allocates next to nothing while shapes repeat. Sizes are rounded up
/// to 32 classes per power of two (at most 3 % unused), and a block serves requests down to four fifths of it. Blocks that no longer
/// fit, of another phase of the step or of another length of text, are freed before new ones are made: free and used ones together
/// exceed the most that was in use at once by at most 2 %, or a given number of bytes where that is more.
/// </summary>
/// <param name="allocate">makes a block of so many bytes, which comes back to the pool through the action when nobody needs it any more</param>
/// <param name="leastSlack">bytes by which free and used ones may in any case exceed the most that was in use</param>
internal class BlockPool<TBlock>(Func<long, Action<TBlock>, TBlock> allocate, long leastSlack) : IDisposable
    where TBlock : IPooledBlock
{
    private const long SmallestClass = 256;
    private const double Slack = 0.02;
    private const double LargestFit = 1.25;

    private readonly Lock gate = new();
    private readonly SortedDictionary<long, Stack<TBlock>> free = [];
    private long freeBytes;
    private long usedBytes;
    private long mostUsedBytes;
    private bool disposed;

    /// <summary>Bytes of all blocks, used and free.</summary>
    public long ByteLength
    {
        get
        {
            lock (gate)
            {
                return freeBytes + usedBytes;
            }
        }
    }

    /// <summary>The most bytes that were used at once.</summary>
    public long MostUsedBytes
    {
        get
        {
            lock (gate)
            {
                return mostUsedBytes;
            }
        }
    }

    public TBlock Rent(long byteLength)
    {
        long size = ClassOf(byteLength);
        lock (gate)
        {
            for (long fit = size; fit <= size * LargestFit; fit = ClassOf(fit + 1))
            {
                if (free.TryGetValue(fit, out Stack<TBlock>? blocks) && blocks.TryPop(out TBlock? block))
                {
                    freeBytes -= block.ByteLength;
                    Use(block.ByteLength);
                    return block;
                }
            }

            Use(size);
            Trim();
        }

        return allocate(size, Return);
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            foreach (TBlock block in free.Values.SelectMany(blocks => blocks))
            {
                block.Free();
            }

            free.Clear();
            freeBytes = 0;
        }
    }

    /// <summary>The smallest (32 + i) · 2^k, i in 0 .. 31, that holds <paramref name="byteLength"/>.</summary>
    internal static long ClassOf(long byteLength)
    {
        long size = Math.Max(byteLength, SmallestClass);
        long step = Math.Max(1L << (BitOperations.Log2((ulong)size) - 5), 1);
        return (size + step - 1) / step * step;
    }

    private void Use(long byteLength)
    {
        usedBytes += byteLength;
        mostUsedBytes = Math.Max(mostUsedBytes, usedBytes);
    }

    /// <summary>Frees the largest blocks until the bound holds.</summary>
    private void Trim()
    {
        long bound = mostUsedBytes + Math.Max(leastSlack, (long)(mostUsedBytes * Slack));
        if (usedBytes + freeBytes <= bound)
        {
            return;
        }

        foreach (Stack<TBlock> blocks in free.Values.Reverse())
        {
            while (usedBytes + freeBytes > bound && blocks.TryPop(out TBlock? block))
            {
                freeBytes -= block.ByteLength;
                block.Free();
            }
        }
    }

    private void Return(TBlock block)
    {
        lock (gate)
        {
            usedBytes -= block.ByteLength;
            if (!disposed)
            {
                if (!free.TryGetValue(block.ByteLength, out Stack<TBlock>? blocks))
                {
                    free[block.ByteLength] = blocks = new Stack<TBlock>();
                }

                freeBytes += block.ByteLength;
                blocks.Push(block);
                return;
            }
        }

        block.Free();
    }
}

/// <summary>Memory that a pool lends.</summary>
internal interface IPooledBlock
{
    long ByteLength { get; }

    /// <summary>Gives the memory back to the system.</summary>
    void Free();
}
