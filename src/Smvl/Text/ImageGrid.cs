namespace Smvl.Text;

/// <summary>How a picture is cut: rows and columns of tiles with the whole picture behind them, or, 0 by 0, whole only.</summary>
public readonly record struct ImageGrid(int Rows, int Cols)
{
    public static ImageGrid Whole => default;

    /// <summary>Pictures that the vision tower sees: the tiles and the whole.</summary>
    public int Tiles => (Rows * Cols) + 1;
}
