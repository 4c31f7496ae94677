namespace Smvl.Images;

/// <summary>How a picture becomes tiles, in the order of the work: sizes in pixels, then the grid.</summary>
/// <param name="ResizedWidth">of the first resize, to the longest edge; the picture's own where there is none</param>
/// <param name="ResizedHeight">of the first resize</param>
/// <param name="GridWidth">of the second resize, to whole tiles</param>
/// <param name="GridHeight">of the second resize</param>
/// <param name="Rows">rows of tiles, 0 when the picture is one tile</param>
/// <param name="Cols">columns of tiles, 0 when the picture is one tile</param>
public readonly record struct TilePlan(int ResizedWidth, int ResizedHeight, int GridWidth, int GridHeight, int Rows, int Cols)
{
    /// <summary>The grid's tiles and the global one, or 1.</summary>
    public int TileCount => (Rows * Cols) + 1;
}
