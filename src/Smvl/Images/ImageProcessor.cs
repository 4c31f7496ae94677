namespace Smvl.Images;

/// <summary>
/// Turns a picture into the tiles of SmolVLM: resized to the longest edge, then to whole tiles, cut row by row, and once more the
/// whole picture as the last, global tile; or, without splitting, the whole picture only.
/// Source: transformers' SmolVLMImageProcessorPil, byte for byte; padding is not made, since no tile needs any.
/// </summary>
public sealed class ImageProcessor(ImageProcessorConfig config) : IImageTiler
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

    /// <inheritdoc/>
    public (int Fewest, int Most) TileRange
    {
        get
        {
            int along = (Config.LongestEdge + Config.TileSize - 1) / Config.TileSize;
            return (1, Config.DoImageSplitting && along > 1 ? (along * along) + 1 : 1);
        }
    }

    /// <inheritdoc/>
    public ProcessedImage Process(RgbImage image, int? maxTiles = null)
    {
        TilePlan plan = Plan(image.Width, image.Height, maxTiles);
        byte[] tiles = GC.AllocateUninitializedArray<byte>(TileBytes(plan));
        Process(image, plan, tiles);
        return new ProcessedImage(plan.Rows, plan.Cols, Config.TileSize, tiles);
    }

    /// <summary>Bytes of all tiles of a plan.</summary>
    public int TileBytes(TilePlan plan) => TileCutter.Bytes(plan.TileCount, Config.TileSize);

    /// <summary>Into memory of the caller's.</summary>
    /// <param name="image">(height, width, 3)</param>
    /// <param name="plan">what <see cref="Plan"/> said for this picture</param>
    /// <param name="tiles">receives (tiles, 3, S, S), <see cref="TileBytes"/> in all</param>
    public void Process(RgbImage image, TilePlan plan, Span<byte> tiles)
    {
        using RgbImage grid = Grid(image, plan);
        using RgbImage whole = Resampler.Resize(grid, Config.TileSize, Config.TileSize, Config.Resample);
        TileCutter.Cut(grid, plan.Rows, plan.Cols, whole, tiles);
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
}
