namespace Smvl.Data;

/// <summary>
/// Shuffles 0 to count - 1, the same way for a seed on every machine and in every version: Fisher-Yates from the last place down,
/// driven by <see cref="SplitMix64"/>, bounded without bias by Lemire's method. Not numpy's nor torch's order.
/// Source: Lemire, "Fast random integer generation in an interval" (2019).
/// </summary>
public static class Permutation
{
    /// <returns>a permutation of 0 to <paramref name="count"/> - 1</returns>
    public static int[] Create(int count, ulong seed) => Create(count, seed, mayStay: 1);

    /// <summary>
    /// One cycle through all places, so that nothing stays where it is (a derangement), every cycle as likely as any other; of one place
    /// there is none, and it stays. Source: Sattolo, "An algorithm to generate a random cyclic permutation" (1986).
    /// </summary>
    /// <returns>a permutation of 0 to <paramref name="count"/> - 1</returns>
    public static int[] CreateCycle(int count, ulong seed) => Create(count, seed, mayStay: 0);

    // a place's new content comes from those before it, and, if it may stay, from itself
    private static int[] Create(int count, ulong seed, int mayStay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        SplitMix64 random = new(seed);
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)Below((ulong)(i + mayStay), ref random);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>A uniform number below <paramref name="bound"/>.</summary>
    private static ulong Below(ulong bound, ref SplitMix64 random)
    {
        ulong high = Math.BigMul(random.Next(), bound, out ulong low);
        if (low < bound)
        {
            // 2^64 mod bound of the low halves are too many
            for (ulong excess = (0 - bound) % bound; low < excess;)
            {
                high = Math.BigMul(random.Next(), bound, out low);
            }
        }

        return high;
    }
}
