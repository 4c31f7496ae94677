using Smvl.Cli.Demo;
using Smvl.Images;

namespace Smvl.Tests.Cli.Demo;

public sealed class PictureBlocksTests
{
    /// <summary>Red and green above blue and white.</summary>
    private static readonly RgbImage Four = new(2, 2, [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);

    [Fact]
    public void TrueColorHoldsTwoPixelsInACharacter() => Assert.Equal(
        ["\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[38;2;0;255;0;48;2;255;255;255m▀\u001b[0m"], PictureBlocks.Draw(Four, 2, BlockColors.True));

    /// <summary>xterm's cube: 16 + 36 r + 6 g + b, each 0 to 5.</summary>
    [Fact]
    public void IndexedColorsAreXtermsNearest() => Assert.Equal(
        ["\u001b[38;5;196;48;5;21m▀\u001b[38;5;46;48;5;231m▀\u001b[0m"], PictureBlocks.Draw(Four, 2, BlockColors.Indexed));

    /// <summary>8 and 18 of 255 are xterm's first two greys; (128, 128, 128) is its 12th, between two of the cube's.</summary>
    [Fact]
    public void GreysAreFinerThanTheCube()
    {
        RgbImage greys = new(1, 2, [18, 18, 18, 128, 128, 128]);
        Assert.Equal(["\u001b[38;5;233;48;5;244m▀\u001b[0m"], PictureBlocks.Draw(greys, 1, BlockColors.Indexed));
    }

    [Fact]
    public void WithoutColorLightIsWeight()
    {
        RgbImage ramp = new(3, 2, [0, 0, 0, 128, 128, 128, 255, 255, 255, 0, 0, 0, 128, 128, 128, 255, 255, 255]);
        Assert.Equal([" +@"], PictureBlocks.Draw(ramp, 3, BlockColors.Shades));
    }

    [Theory, InlineData(72, 72, 24, 12), InlineData(200, 100, 24, 6), InlineData(10, 100, 2, 10), InlineData(1000, 1, 8, 1)]
    public void APictureKeepsItsShape(int width, int height, int columns, int lines)
    {
        string[] drawn = PictureBlocks.Draw(new RgbImage(width, height, new byte[width * height * 3]), columns, BlockColors.Shades);
        Assert.Equal(lines, drawn.Length);
        Assert.All(drawn, line => Assert.Equal(columns, line.Length));
    }
}
