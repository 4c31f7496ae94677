using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// A frozen tower whose rows are kept: it runs only on tiles that the cache lacks. Rows are rounded to BF16 whether they were read or
/// just made, so that a run's numbers do not depend on what the cache held.
/// </summary>
internal sealed class CachedTower(Backend backend, VisionTower tower, VisionConfig config, PixelNormalisation pixels, ITowerCache cache)
{
    private readonly int tileBytes = config.ChannelCount * config.ImageSize * config.ImageSize;

    /// <summary>The rows (tiles·P, D) of tiles.</summary>
    /// <param name="pictures">each (its tiles, 3, S, S)</param>
    /// <param name="cancellation">heard between blocks; what was made by then is kept</param>
    public Tensor Forward(IReadOnlyList<ReadOnlyMemory<byte>> pictures, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>[] tiles =
        [
            .. from picture in pictures
               from i in Enumerable.Range(0, picture.Length / tileBytes)
               select picture.Slice(i * tileBytes, tileBytes),
        ];
        Tensor rows = backend.Allocate((long)tiles.Length * config.PatchCount, config.HiddenSize);
        using Tensor stored = backend.Allocate(DType.BF16, new Shape(config.PatchCount, config.HiddenSize));
        byte[] bytes = new byte[stored.ByteLength];
        List<Missing> missing = [];
        for (int i = 0; i < tiles.Length; i++)
        {
            string key = cache.Key(tiles[i].Span);
            if (missing.Find(other => other.Key == key) is { } same)
            {
                same.Places.Add(i);
            }
            else if (cache.TryRead(key, bytes))
            {
                Upload(bytes, stored);
                backend.Copy(Place(rows, i), stored);
            }
            else
            {
                missing.Add(new Missing(key, tiles[i], [i]));
            }
        }

        foreach (Missing[] group in missing.Chunk(tower.TilesAtOnce))
        {
            Compute(group, rows, stored, bytes, cancellation);
        }

        return rows;
    }

    private void Compute(Missing[] group, Tensor rows, Tensor stored, byte[] bytes, CancellationToken cancellation)
    {
        using Tensor uploaded = backend.Allocate(DType.U8, new Shape(group.Length, config.ChannelCount, config.ImageSize, config.ImageSize));
        for (int i = 0; i < group.Length; i++)
        {
            backend.Upload(group[i].Tile.Span, uploaded.Slice(i, 1));
        }

        using Tensor made = tower.Forward(uploaded, pixels, Keep.Nothing, out _, cancellation);
        for (int i = 0; i < group.Length; i++)
        {
            backend.Copy(stored, Place(made, i));
            Download(stored, bytes);
            cache.Add(group[i].Key, bytes);
            group[i].Places.ForEach(place => backend.Copy(Place(rows, place), stored));
        }
    }

    private Tensor Place(Tensor rows, int tile) => rows.Slice(tile * config.PatchCount, config.PatchCount);

    private void Upload(byte[] bytes, Tensor stored) => backend.Upload<ushort>(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(bytes), stored);

    private void Download(Tensor stored, byte[] bytes) => backend.Download(stored, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()));

    /// <summary>A tile whose rows are not kept, and where they go.</summary>
    private sealed record Missing(string Key, ReadOnlyMemory<byte> Tile, List<int> Places);
}
