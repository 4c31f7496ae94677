using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class ImageProcessorTests
{
    private static readonly ImageProcessorConfig Published = new() { LongestEdge = 2048, TileSize = 512 };

    [Theory]
    [InlineData(640, 480, null, 3, 4)]
    [InlineData(640, 480, 17, 3, 4)]
    [InlineData(640, 480, 13, 3, 4)]
    [InlineData(640, 480, 12, 3, 3)]
    [InlineData(640, 480, 9, 2, 2)]
    [InlineData(640, 480, 4, 0, 0)]
    [InlineData(640, 480, 1, 0, 0)]
    [InlineData(480, 640, 12, 3, 3)]
    [InlineData(4000, 100, 4, 1, 3)]
    [InlineData(4000, 100, 3, 1, 2)]
    [InlineData(4000, 100, 2, 0, 0)]
    public void ABudgetShrinksTheGrid(int width, int height, int? maxTiles, int rows, int cols)
    {
        TilePlan plan = new ImageProcessor(Published).Plan(width, height, maxTiles);
        Assert.Equal((rows, cols), (plan.Rows, plan.Cols));
        Assert.InRange(plan.TileCount, 1, maxTiles ?? int.MaxValue);
    }

    [Fact]
    public void EveryBudgetIsKept()
    {
        var random = new Random(8);
        foreach (bool resize in (bool[])[true, false])
        {
            var processor = new ImageProcessor(Published with { DoResize = resize });
            for (int i = 0; i < 300; i++)
            {
                (int width, int height) = (random.Next(1, 5000), random.Next(1, 5000));
                int all = processor.Plan(width, height).TileCount, previous = 0;
                for (int budget = 1; budget <= 20; budget++)
                {
                    int tiles = processor.Plan(width, height, budget).TileCount;
                    Assert.InRange(tiles, previous, Math.Min(budget, all));
                    previous = tiles;
                }
            }
        }
    }

    [Fact]
    public void ProcessDoesWhatThePlanSays()
    {
        RgbImage image = Noise(90, 70);
        var processor = new ImageProcessor(new ImageProcessorConfig { LongestEdge = 128, TileSize = 32 });
        ProcessedImage full = processor.Process(image), small = processor.Process(image, maxTiles: 7), one = processor.Process(image, maxTiles: 1);
        Assert.Equal((4, 4, 17, 17 * 3 * 32 * 32), (full.Rows, full.Cols, full.TileCount, full.Tiles.Length));
        Assert.Equal((2, 2, 5, 5 * 3 * 32 * 32), (small.Rows, small.Cols, small.TileCount, small.Tiles.Length));
        Assert.Equal((0, 0, 1, 3 * 32 * 32), (one.Rows, one.Cols, one.TileCount, one.Tiles.Length));

        var whole = new ImageProcessor(processor.Config with { DoImageSplitting = false });
        Assert.Equal(whole.Process(image).Tiles, one.Tiles);
        var smaller = new ImageProcessor(processor.Config with { LongestEdge = 64 });
        Assert.Equal(smaller.Process(image).Tiles, small.Tiles);
    }

    [Fact]
    public void WithoutResizeTheGridIsThePicturesOwn()
    {
        RgbImage image = Noise(64, 32);
        var processor = new ImageProcessor(new ImageProcessorConfig { DoResize = false, TileSize = 32 });
        ProcessedImage processed = processor.Process(image);
        Assert.Equal((1, 2), (processed.Rows, processed.Cols));

        // second tile, blue channel, row 5, column 7
        Assert.Equal(image.Pixels[(((5 * 64) + 32 + 7) * 3) + 2], processed.Tiles[(((((1 * 3) + 2) * 32) + 5) * 32) + 7]);
    }

    [Fact]
    public void NoEdgePasses4096()
    {
        TilePlan plan = new ImageProcessor(Published with { LongestEdge = 8192 }).Plan(300, 200);
        Assert.Equal((4096, 2731), (plan.ResizedWidth, plan.ResizedHeight));
        Assert.Equal((6, 8), (plan.Rows, plan.Cols));
    }

    [Fact]
    public void ABudgetOfNothingIsACallersFault() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageProcessor(Published).Plan(10, 10, 0));

    private static RgbImage Noise(int width, int height)
    {
        byte[] pixels = new byte[width * height * RgbImage.Channels];
        new Random(9).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
