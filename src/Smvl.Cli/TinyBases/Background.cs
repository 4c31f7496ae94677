namespace Smvl.Cli.TinyBases;

/// <summary>
/// A muted background with a texture: a tint, a gradient, soft noise, stripes, checks or speckle. Its lightness stays between that of
/// black and of white things, and its color close to grey, so that each of the scenes' colors stands out from it.
/// </summary>
internal sealed class Background
{
    /// <summary>What lightness (0 to 255) a background's mean may have.</summary>
    public const double Darkest = 104, Lightest = 168;

    private const int Kinds = 7;
    private const double MaxTint = 15, MaxContrast = 15;

    private readonly int kind;
    private readonly (double R, double G, double B) color;
    private readonly double contrast;
    private readonly double along;
    private readonly double across;
    private readonly double period;
    private readonly double phase;
    private readonly ulong noise;

    private Background(ref SplitMix64 random)
    {
        kind = Scene.Below(Kinds, ref random);
        double lightness = Between(Darkest, Lightest, ref random);
        color = (lightness + Between(-MaxTint, MaxTint, ref random), lightness + Between(-MaxTint, MaxTint, ref random), lightness + Between(-MaxTint, MaxTint, ref random));
        contrast = Between(5, MaxContrast, ref random);
        double angle = Between(0, 2 * Math.PI, ref random);
        (across, along) = Math.SinCos(angle);
        period = Between(5, 16, ref random);
        phase = Between(0, 1, ref random);
        noise = random.Next();
    }

    public static Background Draw(ref SplitMix64 random) => new(ref random);

    /// <summary>Uniform.</summary>
    public static double Between(double low, double high, ref SplitMix64 random) => low + ((high - low) * random.NextUnit());

    /// <summary>Red, green and blue (0 to 255) of a pixel.</summary>
    /// <param name="x">column</param>
    /// <param name="y">row</param>
    /// <param name="size">of the picture's side in pixels</param>
    public (double R, double G, double B) At(int x, int y, int size)
    {
        double shade = contrast * Texture(x, y, size);
        return (color.R + shade, color.G + shade, color.B + shade);
    }

    /// <summary>-1 to 1.</summary>
    private double Texture(int x, int y, int size)
    {
        double u = (x + 0.5) - (size / 2.0), v = (y + 0.5) - (size / 2.0);
        double turned = (u * along) + (v * across), other = (v * along) - (u * across);
        return kind switch
        {
            0 => 0,
            1 => turned / (size * 0.75),
            2 => 1 - (2 * Math.Sqrt((u * u) + (v * v)) / (size * 0.75)),
            3 => SoftNoise(x / period, y / period),
            4 => Math.Sin(2 * Math.PI * ((turned / period) + phase)) * 0.7,
            5 => Odd(Math.Floor((turned / period) + phase) + Math.Floor((other / period) + phase)) ? 0.6 : -0.6,
            _ => Chance(x / 2, y / 2) is var chance && chance < 0.12 ? 1 : chance > 0.88 ? -1 : 0,
        };
    }

    private static bool Odd(double whole) => ((long)whole & 1) != 0;

    /// <summary>Values of chance at whole places, smoothly between.</summary>
    private double SoftNoise(double x, double y)
    {
        int left = (int)x, top = (int)y;
        double right = Smooth(x - left), down = Smooth(y - top);
        double above = Mix(Chance(left, top), Chance(left + 1, top), right);
        double below = Mix(Chance(left, top + 1), Chance(left + 1, top + 1), right);
        return (2 * Mix(above, below, down)) - 1;
    }

    private static double Smooth(double t) => t * t * (3 - (2 * t));

    private static double Mix(double a, double b, double t) => a + ((b - a) * t);

    private double Chance(int x, int y) => (SplitMix64.Mix(noise ^ ((ulong)(uint)x << 32) ^ (uint)y) >> 11) * (1.0 / (1UL << 53));
}
