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
    /// What <see cref="Process"/> will make of a picture of this size. Where the grid and the global tile are more than
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
        int tile = Config.TileSize;
        byte[] tiles = GC.AllocateUninitializedArray<byte>(checked(plan.TileCount * RgbImage.Channels * tile * tile));
        RgbImage resized = Resampler.Resize(image, plan.ResizedWidth, plan.ResizedHeight, Config.Resample);
        RgbImage grid = Resampler.Resize(resized, plan.GridWidth, plan.GridHeight, Config.Resample);
        int next = 0;
        for (int row = 0; row < plan.Rows; row++)
        {
            for (int col = 0; col < plan.Cols; col++)
            {
                Cut(grid, col * tile, row * tile, next++);
            }
        }

        Cut(Resampler.Resize(grid, tile, tile, Config.Resample), 0, 0, next);
        return new ProcessedImage(plan.Rows, plan.Cols, tile, tiles);

        void Cut(RgbImage from, int left, int top, int index) => CutTile(from, left, top, tile, TileOf(tiles, index, tile));
    }

    private static Span<byte> TileOf(byte[] tiles, int index, int tile)
    {
        int bytes = RgbImage.Channels * tile * tile;
        return tiles.AsSpan(index * bytes, bytes);
    }

    /// <summary>Copies a square of a packed picture into a planar tile, (3, S, S).</summary>
    private static void CutTile(RgbImage image, int left, int top, int size, Span<byte> tile)
    {
        int plane = size * size;
        Span<byte> red = tile[..plane], green = tile.Slice(plane, plane), blue = tile[(2 * plane)..];
        for (int y = 0; y < size; y++)
        {
            ReadOnlySpan<byte> source = image.Pixels.AsSpan((((top + y) * image.Width) + left) * RgbImage.Channels, size * RgbImage.Channels);
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
