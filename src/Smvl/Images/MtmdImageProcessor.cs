namespace Smvl.Images;

/// <summary>
/// A picture's tiles as llama.cpp's mtmd makes them for the projector idefics3, byte for byte; always with a grid, be it of one tile.
/// With a longest edge they are <see cref="ImageProcessor"/>'s, by Lanczos. Without one the grid is the picture's size rounded to whole
/// tiles, into which the picture is fitted on black, and the global tile is the picture stretched, both by Pillow's bicubic.
/// Pinned by what llama.cpp 0.7.0 gives to its tower (scripts/make_mtmd_golden.py); earlier versions resized otherwise.
/// </summary>
public sealed class MtmdImageProcessor : IImageTiler
{
    private readonly int tile;
    private readonly ImageProcessorConfig? cut;

    /// <param name="tileSize">pixels along an edge of a tile, S: <c>clip.vision.image_size</c></param>
    /// <param name="longestEdge">pixels: <c>clip.vision.preproc_image_size</c>; null where it is left out</param>
    public MtmdImageProcessor(int tileSize, int? longestEdge)
    {
        tile = tileSize;
        cut = longestEdge is int edge ? new ImageProcessorConfig { TileSize = tileSize, LongestEdge = edge } : null;
    }

    /// <summary>Tiles along an edge of the largest picture that is planned for where nothing shrinks it.</summary>
    private const int UncutTilesAlong = 4;

    /// <summary>A grid of one, and the whole picture once more.</summary>
    public const int FewestTiles = 2;

    /// <inheritdoc/>
    public (int Fewest, int Most) TileRange =>
        (FewestTiles, Math.Max(FewestTiles, cut is null ? (UncutTilesAlong * UncutTilesAlong) + 1 : new ImageProcessor(cut).TileRange.Most));

    /// <inheritdoc/>
    public ProcessedImage Process(RgbImage image, int? maxTiles = null)
    {
        if (maxTiles < FewestTiles)
        {
            throw new SmvlException("a picture takes more tiles than there is room for", "picture", $"at least {FewestTiles} tiles", $"{maxTiles}");
        }

        return cut is null ? Fit(image, maxTiles) : Cut(image, cut, maxTiles);
    }

    private static ProcessedImage Cut(RgbImage image, ImageProcessorConfig config, int? maxTiles)
    {
        ProcessedImage processed = new ImageProcessor(config).Process(image, maxTiles);

        // one tile is a grid of one, and the whole picture once more
        return processed.Rows > 0 ? processed : processed with { Rows = 1, Cols = 1, Tiles = [.. processed.Tiles, .. processed.Tiles] };
    }

    private ProcessedImage Fit(RgbImage image, int? maxTiles)
    {
        (int rows, int cols) = Grid(image, scale: 1);

        // fewer along the longer edge, until all fit
        for (int along = Math.Max(rows, cols) - 1; (rows * cols) + 1 > maxTiles; along--)
        {
            (rows, cols) = Grid(image, (float)along * tile / Math.Max(image.Width, image.Height));
        }

        using RgbImage whole = Resampler.Resize(image, tile, tile, ResampleFilter.Bicubic);
        using RgbImage grid = FitOnBlack(image, cols * tile, rows * tile);
        return TileCutter.Cut(grid, rows, cols, whole);
    }

    private (int Rows, int Cols) Grid(RgbImage image, float scale)
    {
        return (WholeTiles(image.Height), WholeTiles(image.Width));

        int WholeTiles(int edge) => Math.Max(1, (int)MathF.Round(edge * scale / tile, MidpointRounding.AwayFromZero));
    }

    /// <summary>The whole picture, as large as the canvas allows, in its middle.</summary>
    private static RgbImage FitOnBlack(RgbImage image, int width, int height)
    {
        float scale = Math.Min((float)width / image.Width, (float)height / image.Height);
        using RgbImage fitted = Resampler.Resize(
            image,
            Math.Min((int)MathF.Ceiling(image.Width * scale), width),
            Math.Min((int)MathF.Ceiling(image.Height * scale), height),
            ResampleFilter.Bicubic);
        byte[] pixels = new byte[checked(height * width * RgbImage.Channels)];
        int left = (width - fitted.Width) / 2, top = (height - fitted.Height) / 2, stride = fitted.Width * RgbImage.Channels;
        for (int y = 0; y < fitted.Height; y++)
        {
            fitted.Pixels.Slice(y * stride, stride).CopyTo(pixels.AsSpan((((top + y) * width) + left) * RgbImage.Channels));
        }

        return new RgbImage(width, height, pixels);
    }
}
