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
    /// What <see cref="Process(RgbImage, int?)"/> will make of a picture of this size. Where the grid and the global tile are more than
    /// <paramref name="maxTiles"/>, the longest edge shrinks tile by tile until they fit; 1 gives the whole picture in one tile.
    /// </summary>
    /// <param name="width">pixels, upright</param>
    /// <param name="height">pixels, upright</param>
    /// <param name="maxTiles">at least 1, or null for no limit</param>
    public TilePlan Plan(int width, int height, int? maxTiles = null) => TilePlanner.Plan(Config, width, height, maxTiles);

    /// <inheritdoc/>
    public ProcessedImage Process(RgbImage image) => Process(image, maxTiles: null);

    /// <param name="image">(height, width, 3)</param>
    /// <param name="maxTiles">at least 1, or null for no limit</param>
    public ProcessedImage Process(RgbImage image, int? maxTiles)
    {
        TilePlan plan = Plan(image.Width, image.Height, maxTiles);
        RgbImage resized = Resampler.Resize(image, plan.ResizedWidth, plan.ResizedHeight, Config.Resample);
        RgbImage grid = Resampler.Resize(resized, plan.GridWidth, plan.GridHeight, Config.Resample);
        RgbImage whole = Resampler.Resize(grid, Config.TileSize, Config.TileSize, Config.Resample);
        return TileCutter.Cut(grid, plan.Rows, plan.Cols, whole);
    }
}
