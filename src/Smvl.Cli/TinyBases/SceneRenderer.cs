using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// Draws a scene: anti-aliased shapes on a textured background, each a little turned, moved within its cell and off its color, with
/// noise over all. The same state of the generator gives the same bytes.
/// </summary>
internal static class SceneRenderer
{
    /// <summary>Width and height in pixels.</summary>
    public const int Size = 64;

    private const int Samples = 4; // along each side of a pixel
    private const double Cell = Size / 3.0;
    private const double MaxTurn = 15 * Math.PI / 180;
    private const double MaxMove = 3;
    private const double MaxNoise = 4;
    private const double MaxColorShift = 10;

    // a large thing may touch the border of its cell, not cross it
    private const double Room = 10.7;

    private static readonly (double R, double G, double B)[] Colors =
    [
        (214, 34, 34), (244, 128, 16), (248, 220, 36), (36, 158, 56), (38, 80, 214), (140, 44, 172), (20, 20, 22), (246, 246, 246),
    ];

    /// <summary>A color's red, green and blue without jitter, 0 to 255.</summary>
    public static (double R, double G, double B) Rgb(SceneColor color) => Colors[(int)color];

    /// <param name="scene">what is drawn</param>
    /// <param name="random">the only source of chance</param>
    /// <param name="colors">a color for each thing instead of its own, 0 to 255; null for their own</param>
    /// <returns>(64, 64, 3)</returns>
    public static RgbImage Draw(Scene scene, ref SplitMix64 random, IReadOnlyList<(double R, double G, double B)>? colors = null)
    {
        var pixels = new double[Size * Size * RgbImage.Channels];
        var background = Background.Draw(ref random);
        for (int y = 0, at = 0; y < Size; y++)
        {
            for (int x = 0; x < Size; x++, at += RgbImage.Channels)
            {
                (pixels[at], pixels[at + 1], pixels[at + 2]) = background.At(x, y, Size);
            }
        }

        for (int i = 0; i < scene.Objects.Count; i++)
        {
            SceneObject thing = scene.Objects[i];
            Paint(thing, colors is null ? Rgb(thing.Color) : colors[i], pixels, ref random);
        }

        return new RgbImage(Size, Size, Finish(pixels, ref random));
    }

    /// <summary>Adds noise of an amplitude of chance and rounds.</summary>
    /// <param name="pixels">0 to 255, more or less</param>
    /// <param name="random">the only source of chance</param>
    public static byte[] Finish(ReadOnlySpan<double> pixels, ref SplitMix64 random)
    {
        double amplitude = Background.Between(0, MaxNoise, ref random);
        var bytes = new byte[pixels.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Math.Round(Math.Clamp(pixels[i] + Background.Between(-amplitude, amplitude, ref random), 0, 255));
        }

        return bytes;
    }

    private static void Paint(SceneObject thing, (double R, double G, double B) color, double[] pixels, ref SplitMix64 random)
    {
        double radius = thing.Size == SceneSize.Small ? Background.Between(5, 6, ref random) : Background.Between(8.5, 10, ref random);
        double move = Math.Min(MaxMove, Room - radius);
        double centerX = (((thing.Cell % 3) + 0.5) * Cell) + Background.Between(-move, move, ref random);
        double centerY = (((thing.Cell / 3) + 0.5) * Cell) + Background.Between(-move, move, ref random);
        (double sine, double cosine) = Math.SinCos(Background.Between(-MaxTurn, MaxTurn, ref random));
        (double red, double green, double blue) = color;
        red += Background.Between(-MaxColorShift, MaxColorShift, ref random);
        green += Background.Between(-MaxColorShift, MaxColorShift, ref random);
        blue += Background.Between(-MaxColorShift, MaxColorShift, ref random);
        double reach = radius * SceneShapes.Reach;
        int left = Math.Max(0, (int)(centerX - reach)), right = Math.Min(Size - 1, (int)(centerX + reach));
        int top = Math.Max(0, (int)(centerY - reach)), bottom = Math.Min(Size - 1, (int)(centerY + reach));
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                double share = Covered(x - centerX, y - centerY);
                int at = ((y * Size) + x) * RgbImage.Channels;
                pixels[at] += share * (red - pixels[at]);
                pixels[at + 1] += share * (green - pixels[at + 1]);
                pixels[at + 2] += share * (blue - pixels[at + 2]);
            }
        }

        // how much of the pixel whose top left corner is given, from the thing's centre, belongs to the thing: 0 to 1
        double Covered(double fromX, double fromY)
        {
            int inside = 0;
            for (int i = 0; i < Samples * Samples; i++)
            {
                double x = fromX + (((i % Samples) + 0.5) / Samples), y = fromY + (((i / Samples) + 0.5) / Samples);
                double turnedX = ((x * cosine) + (y * sine)) / radius, turnedY = ((y * cosine) - (x * sine)) / radius;
                inside += SceneShapes.Contains(thing.Shape, turnedX, turnedY) ? 1 : 0;
            }

            return inside / (double)(Samples * Samples);
        }
    }
}
