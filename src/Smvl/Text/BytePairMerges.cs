using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Smvl.Text;

/// <summary>
/// The merges of a byte-level BPE and their application to one word: again and again the pair of the lowest rank, of equal ones
/// the leftmost, becomes one token (Sennrich et al. 2016). A heap of candidate pairs over a linked list keeps it at
/// n log n, so that a line of a million letters is no trap.
/// </summary>
internal sealed class BytePairMerges
{
    private readonly int[] idOfByte;

    // Open addressing with linear probing, at most half full.
    private Entry[] entries;
    private int mergeCount;

    /// <param name="idOfByte">(256) the token of each byte</param>
    /// <param name="expected">about how many merges there will be</param>
    public BytePairMerges(int[] idOfByte, int expected)
    {
        Debug.Assert(idOfByte.Length == 256);
        this.idOfByte = idOfByte;
        entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, expected * 2))];
    }

    /// <summary>The next merge in the order of their ranks; false where the pair has one already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryAdd(int left, int right, int result)
    {
        if (mergeCount == entries.Length / 2)
        {
            Grow();
        }

        long pair = Pair(left, right);
        int slot = Slot(pair);
        if (!entries[slot].IsEmpty)
        {
            return false;
        }

        entries[slot] = new Entry(pair, ++mergeCount, result);
        return true;
    }

    /// <summary>The merges in the order of their ranks.</summary>
    public IReadOnlyList<(int Left, int Right)> InOrder()
    {
        var pairs = new (int Left, int Right)[mergeCount];
        foreach (Entry entry in entries.Where(entry => !entry.IsEmpty))
        {
            pairs[entry.Rank] = ((int)(entry.Pair >> 32), (int)entry.Pair);
        }

        return pairs;
    }

    /// <summary>Writes the tokens of a word; returns how many, at most as many as bytes.</summary>
    public int Merge(ReadOnlySpan<byte> word, Span<int> tokens)
    {
        int n = word.Length;
        tokens = tokens[..n];
        int[] rented = ArrayPool<int>.Shared.Rent(3 * n);
        Span<int> next = rented.AsSpan(0, n);       // (n) where the following token starts; n at the end
        Span<int> previous = rented.AsSpan(n, n);   // (n) where the preceding token starts; -1 at the beginning
        Span<int> slots = rented.AsSpan(2 * n, n);  // (n) the merge of the token here with the following one; -1 where none is or it is gone
        var heap = new CandidateHeap(n);
        for (int i = 0; i < n; i++)
        {
            tokens[i] = idOfByte[word[i]];
            next[i] = i + 1;
            previous[i] = i - 1;
        }

        for (int i = 0; i < n; i++)
        {
            Propose(i, tokens, next, slots, ref heap);
        }

        while (heap.TryPop(out int rank, out int at))
        {
            int slot = slots[at];
            if (slot < 0 || entries[slot].Rank != rank)
            {
                continue; // one of the two has been merged otherwise since
            }

            int gone = next[at];
            tokens[at] = entries[slot].Result;
            next[at] = next[gone];
            slots[gone] = -1;
            if (next[at] < n)
            {
                previous[next[at]] = at;
            }

            Propose(at, tokens, next, slots, ref heap);
            if (previous[at] >= 0)
            {
                Propose(previous[at], tokens, next, slots, ref heap);
            }
        }

        heap.Dispose();
        int count = 0;
        for (int i = 0; i < n; i = next[i])
        {
            tokens[count++] = tokens[i];
        }

        ArrayPool<int>.Shared.Return(rented);
        return count;
    }

    private void Propose(int at, ReadOnlySpan<int> tokens, ReadOnlySpan<int> next, Span<int> slots, ref CandidateHeap heap)
    {
        slots[at] = -1;
        if (next[at] == tokens.Length)
        {
            return;
        }

        int slot = Slot(Pair(tokens[at], tokens[next[at]]));
        if (!entries[slot].IsEmpty)
        {
            slots[at] = slot;
            heap.Push(entries[slot].Rank, at);
        }
    }

    private void Grow()
    {
        Entry[] old = entries;
        entries = new Entry[2 * old.Length];
        foreach (Entry entry in old.Where(entry => !entry.IsEmpty))
        {
            entries[Slot(entry.Pair)] = entry;
        }
    }

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    /// <summary>Where the pair is, or the free place where it would be. Fibonacci hashing spreads neighbouring ids.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(long pair)
    {
        int slot = (int)(((ulong)(pair ^ (pair >>> 29)) * SplitMix64.Increment) >> 40) & (entries.Length - 1);
        while (entries[slot].Pair != pair && !entries[slot].IsEmpty)
        {
            slot = (slot + 1) & (entries.Length - 1);
        }

        return slot;
    }

    /// <summary>A merge, all that a look-up needs in 16 bytes; the default is a free place.</summary>
    /// <param name="Pair">left id and right id</param>
    /// <param name="RankAndOne">place in the list, from 1</param>
    /// <param name="Result">id</param>
    private readonly record struct Entry(long Pair, int RankAndOne, int Result)
    {
        public int Rank => RankAndOne - 1;

        public bool IsEmpty => RankAndOne == 0;
    }

    /// <summary>A binary heap of candidate pairs: lowest rank first, of equal ranks the leftmost.</summary>
    private ref struct CandidateHeap(int length)
    {
        // A word of n bytes proposes n - 1 pairs, and two more with each of at most n - 1 merges.
        private readonly long[] items = ArrayPool<long>.Shared.Rent(3 * length);
        private int count;

        public void Push(int rank, int at)
        {
            long item = ((long)rank << 32) | (uint)at;
            int hole = count++;
            while (hole > 0 && items[(hole - 1) / 2] > item)
            {
                items[hole] = items[(hole - 1) / 2];
                hole = (hole - 1) / 2;
            }

            items[hole] = item;
        }

        public bool TryPop(out int rank, out int at)
        {
            if (count == 0)
            {
                rank = at = 0;
                return false;
            }

            rank = (int)(items[0] >> 32);
            at = (int)items[0];
            long last = items[--count];
            int hole = 0;
            for (int child = 1; child < count; child = (2 * hole) + 1)
            {
                if (child + 1 < count && items[child + 1] < items[child])
                {
                    child++;
                }

                if (items[child] >= last)
                {
                    break;
                }

                items[hole] = items[child];
                hole = child;
            }

            items[hole] = last;
            return true;
        }

        public readonly void Dispose() => ArrayPool<long>.Shared.Return(items);
    }
}
