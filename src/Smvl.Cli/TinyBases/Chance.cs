namespace Smvl.Cli.TinyBases;

/// <summary>Choices of chance, all from one generator, so that a seed gives one result.</summary>
internal static class Chance
{
    public static bool Is(double probability, ref SplitMix64 random) => random.NextUnit() < probability;

    /// <summary>From first to last, both included.</summary>
    public static int Within(int first, int last, ref SplitMix64 random) => first + Scene.Below(last - first + 1, ref random);

    public static double Between(double low, double high, ref SplitMix64 random) => low + (random.NextUnit() * (high - low));

    public static T Of<T>(ReadOnlySpan<T> choices, ref SplitMix64 random) => choices[Scene.Below(choices.Length, ref random)];

    public static T[] Shuffled<T>(IReadOnlyList<T> items, ref SplitMix64 random)
    {
        int[] order = Scene.Shuffled(items.Count, ref random);
        return [.. order.Select(i => items[i])];
    }
}
