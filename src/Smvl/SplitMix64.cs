namespace Smvl;

/// <summary>
/// The project's one random generator: small, seedable, the same on every machine, its whole state one number that a checkpoint
/// can hold. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
/// </summary>
internal struct SplitMix64(ulong state)
{
    /// <summary>The step of the state: 2^64 divided by the golden ratio.</summary>
    public const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>Where the sequence stands.</summary>
    public ulong State { get; private set; } = state;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        State += Increment;
        return Mix(State);
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A hash of a counter: neighbouring inputs give unrelated outputs.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
