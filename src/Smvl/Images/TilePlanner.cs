namespace Smvl.Images;

/// <summary>
/// SmolVLM's arithmetic of sizes. Source: transformers' SmolVLMImageProcessorPil (resize, resize_for_vision_encoder, split_images);
/// every division and truncation is kept, since each decides about a row or a column somewhere.
/// </summary>
internal static class TilePlanner
{
    /// <summary>No edge is longer after the first resize.</summary>
    private const int MaxEdge = 4096;

    /// <summary>
    /// Where the grid has more than <paramref name="maxTiles"/> tiles, the global one counted, the first resize aims at ever
    /// smaller longest edges, (n − 1)·S, (n − 2)·S ... S for a grid of n tiles of S pixels along it, until it fits; a budget that
    /// only a grid of 1 fits gives the whole picture in one tile, as without splitting.
    /// </summary>
    /// <param name="config">sizes and switches</param>
    /// <param name="width">the picture's, upright</param>
    /// <param name="height">the picture's, upright</param>
    /// <param name="maxTiles">at least 1, or null for no limit</param>
    public static TilePlan Plan(ImageProcessorConfig config, int width, int height, int? maxTiles)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTiles ?? 1, 1, nameof(maxTiles));
        int tile = config.TileSize;
        (int Width, int Height) resized = config.DoResize ? FitLongestEdge(width, height, config.LongestEdge) : (width, height);
        var whole = new TilePlan(resized.Width, resized.Height, tile, tile, 0, 0);
        if (!config.DoImageSplitting)
        {
            return whole;
        }

        TilePlan plan = Split(resized, tile);
        int along = Math.Max(plan.Rows, plan.Cols);
        while (maxTiles is int budget && plan.TileCount > budget)
        {
            along--;
            if (along <= 1)
            {
                return whole;
            }

            plan = Split(FitLongestEdge(width, height, along * tile), tile);
        }

        return plan;
    }

    /// <summary>The longer edge becomes <paramref name="longest"/>, the other follows, rounded down and then up to an even number.</summary>
    private static (int Width, int Height) FitLongestEdge(int width, int height, int longest)
    {
        double aspect = (double)width / height;
        if (width >= height)
        {
            width = longest;
            height = Even((int)(width / aspect));
        }
        else
        {
            height = longest;
            width = Even((int)(height * aspect));
        }

        (width, height) = (Math.Max(width, 1), Math.Max(height, 1));
        aspect = (double)width / height;
        if (width >= height && width > MaxEdge)
        {
            (width, height) = (MaxEdge, (int)(MaxEdge / aspect));
        }
        else if (height > width && height > MaxEdge)
        {
            (width, height) = ((int)(MaxEdge * aspect), MaxEdge);
        }

        return (Math.Max(width, 1), Math.Max(height, 1));

        static int Even(int value) => value + (value & 1);
    }

    /// <summary>Both edges become multiples of a tile, the shorter one measured after the longer one has grown.</summary>
    private static TilePlan Split((int Width, int Height) resized, int tile)
    {
        (int width, int height) = resized;
        double aspect = (double)width / height;
        if (width >= height)
        {
            width = WholeTiles(width);
            height = WholeTiles((int)(width / aspect));
        }
        else
        {
            height = WholeTiles(height);
            width = WholeTiles((int)(height * aspect));
        }

        bool single = width <= tile && height <= tile;
        return new TilePlan(resized.Width, resized.Height, width, height, single ? 0 : height / tile, single ? 0 : width / tile);

        int WholeTiles(int edge) => (edge + tile - 1) / tile * tile;
    }
}
