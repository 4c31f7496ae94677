namespace Smvl.Tensors.Cpu;

/// <summary>
/// Each s×s block of neighbouring patches becomes one row: y (row, column) is the concatenation over (y, x) of the block's
/// patches. A permutation, so the backward is the copy the other way.
/// </summary>
internal static class PixelShuffle
{
    /// <param name="threads">the threads to run on</param>
    /// <param name="blocks">(tiles·P/s², D·s²)</param>
    /// <param name="grid">(tiles·P, D)</param>
    /// <param name="gridWidth">patches in a tile's row</param>
    /// <param name="gridHeight">rows of patches in a tile</param>
    /// <param name="factor">s</param>
    /// <param name="toGrid">false: blocks = shuffle(grid), the forward; true: grid = unshuffle(blocks), the backward</param>
    public static void Copy(
        CpuThreads threads, Tensor blocks, Tensor grid, int gridWidth, int gridHeight, int factor, bool toGrid)
    {
        int width = grid.Shape.Width;
        int run = factor * width; // neighbours in x lie side by side in both
        int blockColumns = gridWidth / factor;
        threads.ForRanges(blocks.Shape.Rows, Partition.RowGrain(blocks.Shape.Width), (start, end) =>
        {
            for (int block = start; block < end; block++)
            {
                int tile = block / (blockColumns * (gridHeight / factor));
                int inTile = block % (blockColumns * (gridHeight / factor));
                int patchRow = inTile / blockColumns * factor;
                int patchColumn = inTile % blockColumns * factor;
                for (int y = 0; y < factor; y++)
                {
                    int patch = (((tile * gridHeight) + patchRow + y) * gridWidth) + patchColumn;
                    Span<float> inBlock = blocks.Row<float>(block).Slice(y * run, run);
                    Span<float> inGrid = grid.Span<float>().Slice(patch * width, run);
                    if (toGrid)
                    {
                        inBlock.CopyTo(inGrid);
                    }
                    else
                    {
                        inGrid.CopyTo(inBlock);
                    }
                }
            }
        });
    }
}
