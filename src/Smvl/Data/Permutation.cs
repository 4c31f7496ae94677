namespace Smvl.Data;

/// <summary>
/// Shuffles 0 to count - 1, the same way for a seed on every machine and in every version: Fisher-Yates from the last place down,
/// driven by SplitMix64, bounded without bias by Lemire's method. Not numpy's nor torch's order.
/// Sources: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014); Lemire, "Fast random integer generation
/// in an interval" (2019).
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

        ulong state = seed;
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)Below((ulong)i + 1, ref state);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>SplitMix64's next number.</summary>
    internal static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A uniform number below <paramref name="bound"/>.</summary>
    private static ulong Below(ulong bound, ref ulong state)
    {
        ulong high = Math.BigMul(Next(ref state), bound, out ulong low);
        if (low < bound)
        {
            // 2^64 mod bound of the low halves are too many
            for (ulong excess = (0 - bound) % bound; low < excess;)
            {
                high = Math.BigMul(Next(ref state), bound, out low);
            }
        }

        return high;
    }
}
