using Smvl.Tensors.Gpu;

namespace Smvl.Tests.Tensors.Gpu;

public sealed class MatrixTileChoicesTests
{
    [Fact]
    public void TheFastestIsMeasuredOnceAndKept()
    {
        using TemporaryFolder folder = new();
        string path = folder["below", "tiles"];
        MatrixTile second = MatrixTile.All[1];
        int measured = 0;
        double Seconds(MatrixTile tile)
        {
            measured++;
            return tile == second ? 1 : 2;
        }

        MatrixTileChoices choices = new(path);
        Assert.Equal(second, choices.For("Forward F32 64 x 64 x 64", MatrixTile.All, Seconds));
        Assert.Equal(second, choices.For("Forward F32 64 x 64 x 64", MatrixTile.All, Seconds));
        Assert.Equal(MatrixTile.All.Count, measured);
        Assert.Equal($"Forward F32 64 x 64 x 64 = {second}\n", File.ReadAllText(path));

        // the next process, and one with a device that has no room for that tile
        Assert.Equal(second, new MatrixTileChoices(path).For("Forward F32 64 x 64 x 64", MatrixTile.All, Seconds));
        Assert.Equal(MatrixTile.All.Count, measured);
        Assert.Equal(MatrixTile.All[0], new MatrixTileChoices(path).For("Forward F32 64 x 64 x 64", [MatrixTile.All[0]], Seconds));
    }

    [Fact]
    public void AFileThatIsNoneIsDoneWithout()
    {
        using TemporaryFolder folder = new();
        folder.Write("tiles", "nonsense\nForward = 1x1x1/1x1\n");
        Assert.Equal(MatrixTile.All[0], new MatrixTileChoices(folder["tiles"]).For("Forward", MatrixTile.All, _ => 1));
        Assert.Equal(MatrixTile.All[0], new MatrixTileChoices(folder["tiles/below a file"]).For("Forward", MatrixTile.All, _ => 1));
    }

    [Fact]
    public void TilesAreWholeNumbersOfInvocationsAndLoads() => Assert.All(MatrixTile.All, tile =>
    {
        Assert.Equal(tile.Rows * tile.Columns, tile.Threads * 16 * tile.RowQuads * tile.ColumnQuads);
        Assert.Equal(0u, tile.Rows * tile.Depth % (4 * tile.Threads));
        Assert.Equal(0u, tile.Columns * tile.Depth % (4 * tile.Threads));
        Assert.InRange(tile.SharedBytes, 1u, 32768u);
    });
}
