namespace Smvl.Data;

/// <summary>
/// Shuffles 0 to count - 1, the same way for a seed on every machine and in every version: Fisher-Yates from the last place down,
/// driven by <see cref="SplitMix64"/>, bounded without bias by Lemire's method. Not numpy's nor torch's order.
/// Source: Lemire, "Fast random integer generation in an interval" (2019).
/// </summary>
public static class Permutation
{
    /// <returns>a permutation of 0 to <paramref name="count"/> - 1</returns>
    public static int[] Create(int count, ulong seed)
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
            int j = (int)Below((ulong)i + 1, ref random);
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
