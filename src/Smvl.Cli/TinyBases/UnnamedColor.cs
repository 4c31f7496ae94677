namespace Smvl.Cli.TinyBases;

/// <summary>
/// Colors that stand out from every background and are not near any that has a name in scenes. Every named color lacks one shape in scenes to train
/// on, and who learns shapes from them learns that too: shapes are learnt from things of these colors, in which all of them come equally often.
/// </summary>
internal static class UnnamedColor
{
    /// <summary>How far it must be from every color with a name, of 441 between black and white.</summary>
    private const double FromNamed = 80;

    // a color whose three parts all lie here may not stand out from a background
    private const double BackgroundDarkest = 85, BackgroundLightest = 187;

    /// <summary>Its red, green and blue, 0 to 255.</summary>
    public static (double R, double G, double B) Draw(ref SplitMix64 random)
    {
        while (true)
        {
            double red = Background.Between(0, 255, ref random), green = Background.Between(0, 255, ref random), blue = Background.Between(0, 255, ref random);
            if (!(OfBackground(red) && OfBackground(green) && OfBackground(blue)) && Enum.GetValues<SceneColor>().All(Far))
            {
                return (red, green, blue);
            }

            bool Far(SceneColor color)
            {
                (double r, double g, double b) = SceneRenderer.Rgb(color);
                return ((red - r) * (red - r)) + ((green - g) * (green - g)) + ((blue - b) * (blue - b)) > FromNamed * FromNamed;
            }
        }
    }

    private static bool OfBackground(double part) => part is > BackgroundDarkest and < BackgroundLightest;
}
