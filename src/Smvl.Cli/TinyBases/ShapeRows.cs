using Smvl.Data;
using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// Rows of a data set of shapes in colors that have no name here: many things to a picture, told by shape and size. Where every color
/// lacks one shape, as in scenes to train on, a tower learns which, and a color makes it see other shapes than the one that is there.
/// </summary>
internal static class ShapeRows
{
    private const int FewestThings = 5;

    /// <summary>How far a color must be from the one that the shape never has, of 441 between black and white.</summary>
    private const double FromHeldOut = 80;

    // a color whose three parts all lie here may not stand out from a background
    private const double BackgroundDarkest = 85, BackgroundLightest = 187;

    /// <summary>Row <paramref name="row"/>, which depends on nothing but what is given here.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public static CauldronRow Make(string subset, ulong seed, int row)
    {
        var random = new SplitMix64(SplitMix64.Mix(seed + ((ulong)row * SplitMix64.Increment)));
        int things = FewestThings + Scene.Below(SceneObject.Cells - FewestThings + 1, ref random);
        List<SceneObject> objects = [];
        List<(double R, double G, double B)> colors = [];
        foreach (int cell in Scene.Shuffled(SceneObject.Cells, ref random).Take(things).Order())
        {
            var shape = (SceneShape)Scene.Below(SceneObject.Shapes, ref random);
            objects.Add(new SceneObject(shape, default, (SceneSize)Scene.Below(2, ref random), cell));
            colors.Add(Color(shape, ref random));
        }

        var scene = new Scene(objects, Counted: null);
        SceneTurn turn = EnglishQuestions.ShapesByPart(scene);
        using RgbImage picture = SceneRenderer.Draw(scene, ref random, colors);
        return new CauldronRow(
            [new CauldronImage(LibGd.EncodeJpeg(picture, SceneRows.JpegQuality), null)], [new CauldronTurn(turn.User, turn.Assistant, $"{subset}.{turn.Kind}")]);
    }

    /// <summary>Any color that stands out from every background and is not near one that is held out with this shape.</summary>
    private static (double R, double G, double B) Color(SceneShape shape, ref SplitMix64 random)
    {
        while (true)
        {
            double red = Background.Between(0, 255, ref random), green = Background.Between(0, 255, ref random), blue = Background.Between(0, 255, ref random);
            if (!(OfBackground(red) && OfBackground(green) && OfBackground(blue)) && Enum.GetValues<SceneColor>().All(color => !SceneObject.IsHeldOutPair(shape, color) || Far(color)))
            {
                return (red, green, blue);
            }

            bool Far(SceneColor color)
            {
                (double r, double g, double b) = SceneRenderer.Rgb(color);
                return ((red - r) * (red - r)) + ((green - g) * (green - g)) + ((blue - b) * (blue - b)) > FromHeldOut * FromHeldOut;
            }
        }
    }

    private static bool OfBackground(double part) => part is > BackgroundDarkest and < BackgroundLightest;
}
