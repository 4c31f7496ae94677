using System.Globalization;

namespace Smvl.Inference;

/// <summary>What a session under a memory limit may take, and what it is expected to take at most; all in bytes.</summary>
/// <param name="Limit">of the process's resident memory</param>
/// <param name="Limits">what fits</param>
/// <param name="Held">resident when the model had been opened: the runtime, the tokenizer, and weights in memory of our own</param>
/// <param name="Mapped">the larger of the mapped weights that the tower and the text decoder read; only one of them is resident at a time</param>
/// <param name="Cache">keys and values</param>
/// <param name="Picture">a picture's pixels, tiles and image rows; 0 where the model takes none</param>
/// <param name="Work">activations, logits and the kernels' own memory</param>
/// <param name="Growth">the runtime's: code that is compiled when first run, and garbage between two collections</param>
public sealed record MemoryPlan(
    long Limit, SessionLimits Limits, long Held, long Mapped, long Cache, long Picture, long Work, long Growth)
{
    private const double Megabyte = 1e6;

    /// <summary>The sum.</summary>
    public long Peak => Held + Mapped + Cache + Picture + Work + Growth;

    /// <summary>One line.</summary>
    public override string ToString()
    {
        string cacheType = Limits.CacheType.ToString().ToLowerInvariant(), tiles = Limits.MaxTiles is int most ? $", pictures in at most {most} tiles" : "";
        return $"memory: at most {Text(Peak)} of {Text(Limit)}: {Text(Held)} held, {Text(Mapped)} mapped weights, {Text(Cache)} cache " +
            $"({cacheType}, {Limits.ContextLength} tokens), {Text(Picture)} picture, {Text(Work)} work, {Text(Growth)} reserve{tiles}";
    }

    /// <summary>In megabytes of 10⁶ bytes.</summary>
    internal static string Text(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / Megabyte):0} MB");
}
