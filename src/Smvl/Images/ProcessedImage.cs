namespace Smvl.Images;

/// <summary>A picture as the vision tower takes it, not yet normalised.</summary>
/// <param name="Rows">rows of tiles, 0 when the picture is one tile</param>
/// <param name="Cols">columns of tiles, 0 when the picture is one tile</param>
/// <param name="TileSize">pixels along an edge of a tile, S</param>
/// <param name="Tiles">(tiles, 3, S, S): the grid row by row, then the whole picture as the last tile</param>
public sealed record ProcessedImage(int Rows, int Cols, int TileSize, byte[] Tiles)
{
    /// <summary>The grid's tiles and the global one, or 1.</summary>
    public int TileCount => (Rows * Cols) + 1;
}
