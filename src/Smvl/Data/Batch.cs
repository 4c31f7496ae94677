using System.Buffers;

namespace Smvl.Data;

/// <summary>One training sample, ready for the model. It owns its tiles.</summary>
/// <param name="Ids">(T) token ids; image tokens stand where rows of the picture go</param>
/// <param name="Labels">(T) ids to be predicted at their own place, <see cref="Batch.Ignored"/> where nothing is asked</param>
/// <param name="Tiles">(tiles, 3, S, S) bytes of all its pictures, in order</param>
/// <param name="TileCount">tiles of all its pictures</param>
public sealed record Sample(int[] Ids, int[] Labels, IMemoryOwner<byte> Tiles, int TileCount) : IDisposable
{
    /// <summary>Labels that count: position 0 cannot be predicted.</summary>
    public int TargetCount { get; } = Labels.Skip(1).Count(label => label != Batch.Ignored);

    /// <summary>Gives the tiles' memory back.</summary>
    public void Dispose() => Tiles.Dispose();
}

/// <summary>
/// Samples one behind the other, without padding, and the places that the model needs: image rows, and rows that predict a label
/// (row t predicts label t + 1 of its own sample). It owns its samples' tiles: whoever made it disposes it behind its step.
/// </summary>
public sealed class Batch : IDisposable
{
    /// <summary>The label that the loss leaves out, as in PyTorch.</summary>
    public const int Ignored = -100;

    private readonly List<int> ids = [];
    private readonly List<int> lengths = [];
    private readonly List<int> imageRows = [];
    private readonly List<int> targetRows = [];
    private readonly List<int> targets = [];
    private readonly List<int> targetCounts = [];
    private readonly List<ReadOnlyMemory<byte>> tiles = [];
    private readonly IReadOnlyList<Sample> samples;

    /// <param name="samples">taken over; none make an empty batch</param>
    /// <param name="imageTokenId">the token that image rows replace</param>
    public Batch(IReadOnlyList<Sample> samples, int imageTokenId)
    {
        this.samples = samples;
        foreach (Sample sample in samples)
        {
            int start = ids.Count, firstTarget = targets.Count;
            for (int t = 0; t < sample.Ids.Length; t++)
            {
                if (sample.Ids[t] == imageTokenId)
                {
                    imageRows.Add(start + t);
                }

                if (t > 0 && sample.Labels[t] != Ignored)
                {
                    targetRows.Add(start + t - 1);
                    targets.Add(sample.Labels[t]);
                }
            }

            targetCounts.Add(targets.Count - firstTarget);
            ids.AddRange(sample.Ids);
            lengths.Add(sample.Ids.Length);
            tiles.Add(sample.Tiles.Memory);
            TileCount += sample.TileCount;
        }
    }

    /// <summary>(T) of all samples</summary>
    public IReadOnlyList<int> Ids => ids;

    /// <summary>Tokens of each sample.</summary>
    public IReadOnlyList<int> Lengths => lengths;

    /// <summary>Places in <see cref="Ids"/> of the image token.</summary>
    public IReadOnlyList<int> ImageRows => imageRows;

    /// <summary>Places in <see cref="Ids"/> whose row predicts <see cref="Targets"/>.</summary>
    public IReadOnlyList<int> TargetRows => targetRows;

    public IReadOnlyList<int> Targets => targets;

    /// <summary>How many of <see cref="Targets"/> each sample has.</summary>
    public IReadOnlyList<int> TargetCounts => targetCounts;

    /// <summary>The samples' tiles, each (its tiles, 3, S, S).</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Tiles => tiles;

    /// <summary>Tiles of all samples.</summary>
    public int TileCount { get; }

    /// <summary>The sum of each sample's values.</summary>
    /// <param name="values">one for each of <see cref="Targets"/></param>
    internal double[] SumBySample(ReadOnlySpan<float> values)
    {
        double[] sums = new double[targetCounts.Count];
        int at = 0;
        for (int i = 0; i < sums.Length; i++)
        {
            for (int end = at + targetCounts[i]; at < end; at++)
            {
                sums[i] += values[at];
            }
        }

        return sums;
    }

    /// <summary>Gives the tiles' memory back.</summary>
    public void Dispose()
    {
        foreach (Sample sample in samples)
        {
            sample.Dispose();
        }
    }
}
