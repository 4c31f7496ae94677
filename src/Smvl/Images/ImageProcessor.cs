namespace Smvl.Images;

/// <summary>
/// Turns a picture into the tiles of SmolVLM: resized to the longest edge, then to whole tiles, cut row by row, and once more the
/// whole picture as the last, global tile; or, without splitting, the whole picture only.
/// Source: transformers' SmolVLMImageProcessorPil, byte for byte; padding is not made, since no tile needs any.
/// </summary>
public sealed class ImageProcessor(ImageProcessorConfig config)
{
    public ImageProcessorConfig Config { get; } = config;

    /// <summary>
    /// What <see cref="Process(RgbImage, TilePlan, Span{byte})"/> will make of a picture of this size. Where the grid and the global tile are more than
    /// <paramref name="maxTiles"/>, the longest edge shrinks tile by tile until they fit; 1 gives the whole picture in one tile.
    /// </summary>
    /// <param name="width">pixels, upright</param>
    /// <param name="height">pixels, upright</param>
    /// <param name="maxTiles">at least 1, or null for no limit</param>
    public TilePlan Plan(int width, int height, int? maxTiles = null) => TilePlanner.Plan(Config, width, height, maxTiles);

    /// <param name="image">(height, width, 3)</param>
    /// <param name="maxTiles">at least 1, or null for no limit</param>
    public ProcessedImage Process(RgbImage image, int? maxTiles = null)
    {
        TilePlan plan = Plan(image.Width, image.Height, maxTiles);
        byte[] tiles = GC.AllocateUninitializedArray<byte>(TileBytes(plan));
        Process(image, plan, tiles);
        return new ProcessedImage(plan.Rows, plan.Cols, Config.TileSize, tiles);
    }

    /// <summary>Bytes of all tiles of a plan.</summary>
    public int TileBytes(TilePlan plan) => checked(plan.TileCount * RgbImage.Channels * Config.TileSize * Config.TileSize);

    /// <summary>Into memory of the caller's.</summary>
    /// <param name="image">(height, width, 3)</param>
    /// <param name="plan">what <see cref="Plan"/> said for this picture</param>
    /// <param name="tiles">receives (tiles, 3, S, S), <see cref="TileBytes"/> in all</param>
    public void Process(RgbImage image, TilePlan plan, Span<byte> tiles)
    {
        int tile = Config.TileSize, bytes = RgbImage.Channels * tile * tile;
        using RgbImage grid = Grid(image, plan);
        for (int row = 0; row < plan.Rows; row++)
        {
            for (int col = 0; col < plan.Cols; col++)
            {
                CutTile(grid, col * tile, row * tile, tile, tiles[..bytes]);
                tiles = tiles[bytes..];
            }
        }

        using RgbImage whole = Resampler.Resize(grid, tile, tile, Config.Resample);
        CutTile(whole, 0, 0, tile, tiles);
    }

    private RgbImage Grid(RgbImage image, TilePlan plan)
    {
        RgbImage resized = Resampler.Resize(image, plan.ResizedWidth, plan.ResizedHeight, Config.Resample);
        if ((plan.GridWidth, plan.GridHeight) == (resized.Width, resized.Height))
        {
            return resized;
        }

        using (resized)
        {
            return Resampler.Resize(resized, plan.GridWidth, plan.GridHeight, Config.Resample);
        }
    }

    /// <summary>Copies a square of a packed picture into a planar tile, (3, S, S).</summary>
    private static void CutTile(RgbImage image, int left, int top, int size, Span<byte> tile)
    {
        int plane = size * size;
        Span<byte> red = tile[..plane], green = tile.Slice(plane, plane), blue = tile[(2 * plane)..];
        for (int y = 0; y < size; y++)
        {
            ReadOnlySpan<byte> source = image.Pixels.Slice((((top + y) * image.Width) + left) * RgbImage.Channels, size * RgbImage.Channels);
            Span<byte> redRow = red.Slice(y * size, size), greenRow = green.Slice(y * size, size), blueRow = blue.Slice(y * size, size);
            for (int x = 0, i = 0; x < size; x++, i += RgbImage.Channels)
            {
                redRow[x] = source[i];
                greenRow[x] = source[i + 1];
                blueRow[x] = source[i + 2];
            }
        }
    }
}
