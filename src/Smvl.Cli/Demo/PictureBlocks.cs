using System.Globalization;
using System.Text;
using Smvl.Images;

namespace Smvl.Cli.Demo;

/// <summary>How a terminal shows colors.</summary>
internal enum BlockColors
{
    /// <summary>24 bits a color.</summary>
    True,

    /// <summary>The 256 colors of xterm: a cube of 6 x 6 x 6 and 24 greys.</summary>
    Indexed,

    /// <summary>None: characters of growing weight.</summary>
    Shades,
}

/// <summary>
/// A picture as lines of text. A character is about twice as high as wide, so in color it holds two pixels: ▀ in the upper one's color on
/// the lower one's. Without color a character is as dark or light as the mean of its two pixels.
/// </summary>
internal static class PictureBlocks
{
    private const string Ramp = " .:-=+*#%@";
    private const string Reset = "\e[0m";
    private const int FirstCube = 16, FirstGrey = 232, Greys = 24;

    private static readonly int[] CubeLevels = [0, 95, 135, 175, 215, 255];

    /// <param name="picture">any size</param>
    /// <param name="columns">characters of a line</param>
    /// <param name="colors">what the terminal shows</param>
    public static string[] Draw(RgbImage picture, int columns, BlockColors colors)
    {
        int lines = Math.Max(1, (int)Math.Round(columns * (double)picture.Height / picture.Width / 2));
        using RgbImage small = Resampler.Resize(picture, columns, 2 * lines, ResampleFilter.Lanczos);
        return [.. Enumerable.Range(0, lines).Select(line => Line(small, line, colors))];
    }

    private static string Line(RgbImage picture, int line, BlockColors colors)
    {
        var text = new StringBuilder();
        for (int x = 0; x < picture.Width; x++)
        {
            (byte Red, byte Green, byte Blue) upper = At(picture, x, 2 * line), lower = At(picture, x, (2 * line) + 1);
            switch (colors)
            {
                case BlockColors.True:
                    text.Append(CultureInfo.InvariantCulture, $"\e[38;2;{upper.Red};{upper.Green};{upper.Blue};48;2;{lower.Red};{lower.Green};{lower.Blue}m▀");
                    break;
                case BlockColors.Indexed:
                    text.Append(CultureInfo.InvariantCulture, $"\e[38;5;{Index(upper)};48;5;{Index(lower)}m▀");
                    break;
                default:
                    text.Append(Ramp[(Light(upper) + Light(lower)) * Ramp.Length / (2 * 256 * 1000)]);
                    break;
            }
        }

        return colors == BlockColors.Shades ? text.ToString() : text.Append(Reset).ToString();
    }

    private static (byte Red, byte Green, byte Blue) At(RgbImage picture, int x, int y)
    {
        ReadOnlySpan<byte> pixel = picture.Pixels.Slice(((y * picture.Width) + x) * RgbImage.Channels, RgbImage.Channels);
        return (pixel[0], pixel[1], pixel[2]);
    }

    /// <summary>Luma of ITU-R BT.601, in thousandths: 0 to 255,000.</summary>
    private static int Light((byte Red, byte Green, byte Blue) color) => (299 * color.Red) + (587 * color.Green) + (114 * color.Blue);

    /// <summary>The nearest of xterm's colors.</summary>
    private static int Index((byte Red, byte Green, byte Blue) color)
    {
        (int r, int g, int b) = (Level(color.Red), Level(color.Green), Level(color.Blue));
        int cubeDistance = Distance(color, CubeLevels[r], CubeLevels[g], CubeLevels[b]);
        int grey = Math.Clamp(((color.Red + color.Green + color.Blue) / 3 - 3) / 10, 0, Greys - 1), value = 8 + (10 * grey);
        return Distance(color, value, value, value) < cubeDistance ? FirstGrey + grey : FirstCube + (36 * r) + (6 * g) + b;
    }

    private static int Level(byte value)
    {
        int best = 0;
        for (int i = 1; i < CubeLevels.Length; i++)
        {
            best = Math.Abs(value - CubeLevels[i]) < Math.Abs(value - CubeLevels[best]) ? i : best;
        }

        return best;
    }

    private static int Distance((byte Red, byte Green, byte Blue) color, int red, int green, int blue) =>
        ((color.Red - red) * (color.Red - red)) + ((color.Green - green) * (color.Green - green)) + ((color.Blue - blue) * (color.Blue - blue));
}
