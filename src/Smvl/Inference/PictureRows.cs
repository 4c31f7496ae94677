using System.IO.Hashing;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>
/// The image rows of the pictures seen last, so that no picture is encoded twice. A picture is known by what its tiles hold, wherever it
/// came from.
/// </summary>
internal sealed class PictureRows(VisionLanguageModel model, SessionLimits limits) : IDisposable
{
    private readonly List<(UInt128 Picture, Tensor Rows)> kept = []; // the one used last is the last

    /// <summary>Pictures that went through the vision tower so far.</summary>
    public int Encodings { get; private set; }

    /// <summary>What a picture is known by.</summary>
    /// <param name="tiles">(tiles, 3, S, S)</param>
    public static UInt128 KeyOf(ReadOnlySpan<byte> tiles) => XxHash128.HashToUInt128(tiles);

    /// <summary>Image rows (tiles·P/s², D of the text decoder), which stay here.</summary>
    /// <param name="picture">its key</param>
    /// <param name="tiles">(tiles, 3, S, S)</param>
    /// <param name="cancellation">heard between blocks</param>
    public Tensor Of(UInt128 picture, ReadOnlyMemory<byte> tiles, CancellationToken cancellation)
    {
        int at = kept.FindIndex(entry => entry.Picture == picture);
        Tensor rows;
        if (at >= 0)
        {
            rows = kept[at].Rows;
            kept.RemoveAt(at);
        }
        else
        {
            rows = model.EncodePicture(tiles, limits.TilesAtOnce, limits.Sparingly, cancellation);
            Encodings++;
        }

        kept.Add((picture, rows));
        return rows;
    }

    /// <summary>Lets go of those that were used longest ago.</summary>
    public void Trim()
    {
        int surplus = Math.Max(0, kept.Count - limits.PicturesKept);
        foreach ((_, Tensor rows) in kept.Take(surplus))
        {
            rows.Dispose();
        }

        kept.RemoveRange(0, surplus);
    }

    public void Dispose()
    {
        kept.ForEach(entry => entry.Rows.Dispose());
        kept.Clear();
    }
}
