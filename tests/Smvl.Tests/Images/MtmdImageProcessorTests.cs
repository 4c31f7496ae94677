using System.Text.Json;
using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class MtmdImageProcessorTests
{
    private const int Tile = 32, LongestEdge = 64;

    public static IEnumerable<TheoryDataRow<int>> Pictures() => MtmdGolden.Indices(withPicture: true);

    [Theory]
    [MemberData(nameof(Pictures))]
    public void TilesAreLlamaCpps(int index)
    {
        JsonElement golden = MtmdGolden.Cases[index];
        MtmdImageProcessor processor = new(Tile, MtmdGolden.Name(golden, "mmproj") == MtmdGolden.CutName ? LongestEdge : null);
        ProcessedImage processed = processor.Process(ImageDecoder.DecodeFile(MtmdGolden.Path(MtmdGolden.Name(golden, "picture")!)));
        byte[] expected = MtmdGolden.Tiles(golden);
        Assert.Equal(expected.Length, processed.Tiles.Length);
        int wrong = expected.AsSpan().CommonPrefixLength(processed.Tiles);
        Assert.True(wrong == expected.Length, $"byte {wrong} of {expected.Length}");
        Assert.Equal(golden.GetProperty("prompt").EnumerateArray().Count(id => id.GetInt32() == MtmdGolden.TileMark), processed.TileCount);
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(47, 49, 2, 1)]   // 1.47 and 1.53 tiles
    [InlineData(48, 16, 1, 2)]   // halves grow
    [InlineData(1000, 3, 1, 31)]
    public void WithoutALongestEdgeTheGridIsThePicturesSize(int width, int height, int rows, int cols)
    {
        ProcessedImage processed = new MtmdImageProcessor(Tile, longestEdge: null).Process(new RgbImage(width, height, new byte[width * height * 3]));
        Assert.Equal((rows, cols), (processed.Rows, processed.Cols));
        Assert.Equal(((rows * cols) + 1) * 3 * Tile * Tile, processed.Tiles.Length);
    }

    [Theory]
    [InlineData(null, 300, 200)]
    [InlineData(null, 40, 700)]
    [InlineData(4 * Tile, 300, 200)]
    [InlineData(4 * Tile, 40, 700)]
    public void FewerTilesAreACoarserGrid(int? longestEdge, int width, int height)
    {
        MtmdImageProcessor processor = new(Tile, longestEdge);
        RgbImage picture = new(width, height, new byte[width * height * 3]);
        int all = processor.Process(picture).TileCount, fewest = processor.TileRange.Fewest, last = all;
        for (int most = all; most >= fewest; most--)
        {
            int count = processor.Process(picture, most).TileCount;
            Assert.InRange(count, fewest, Math.Min(most, last));
            last = count;
        }

        Assert.Equal((all, fewest), (processor.Process(picture, all).TileCount, last));
        Assert.Throws<SmvlException>(() => processor.Process(picture, fewest - 1));
    }

    [Fact]
    public void ALongestEdgeOfOneTileGivesThatTileTwice()
    {
        RgbImage picture = new(57, 40, [.. Enumerable.Range(0, 57 * 40 * 3).Select(i => (byte)(i * 7))]);
        ProcessedImage processed = new MtmdImageProcessor(Tile, Tile).Process(picture);
        Assert.Equal((1, 1), (processed.Rows, processed.Cols));
        Assert.Equal(processed.Tiles[..(processed.Tiles.Length / 2)], processed.Tiles[(processed.Tiles.Length / 2)..]);
    }
}
