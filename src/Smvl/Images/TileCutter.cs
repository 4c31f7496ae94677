namespace Smvl.Images;

/// <summary>Cuts a picture of whole tiles into planar tiles.</summary>
internal static class TileCutter
{
    /// <summary>The grid row by row, then the whole picture.</summary>
    /// <param name="grid">(rows·S, cols·S, 3); not read where there is no row</param>
    /// <param name="rows">rows of tiles, 0 for none</param>
    /// <param name="cols">columns of tiles, 0 for none</param>
    /// <param name="whole">(S, S, 3)</param>
    public static ProcessedImage Cut(RgbImage grid, int rows, int cols, RgbImage whole)
    {
        byte[] tiles = GC.AllocateUninitializedArray<byte>(Bytes((rows * cols) + 1, whole.Width));
        Cut(grid, rows, cols, whole, tiles);
        return new ProcessedImage(rows, cols, whole.Width, tiles);
    }

    /// <summary>Bytes of so many tiles of an edge of <paramref name="tileSize"/> pixels.</summary>
    public static int Bytes(int tiles, int tileSize) => checked(tiles * RgbImage.Channels * tileSize * tileSize);

    /// <summary>The same into memory of the caller's, <see cref="Bytes"/> of it.</summary>
    public static void Cut(RgbImage grid, int rows, int cols, RgbImage whole, Span<byte> tiles)
    {
        int tile = whole.Width, bytes = Bytes(1, tile);
        for (int row = 0; row < rows; row++)
        {
            for (int col = 0; col < cols; col++)
            {
                CutTile(grid, col * tile, row * tile, tile, tiles[..bytes]);
                tiles = tiles[bytes..];
            }
        }

        CutTile(whole, 0, 0, tile, tiles);
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
