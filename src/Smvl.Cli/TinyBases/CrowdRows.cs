using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// Rows of two data sets that a tower learns to see from, many things to a picture: shapes in colors that have no name here, told by shape
/// and size, and things of the scenes' colors, told by color and size. A tower that is taught the shapes of things in the scenes' colors learns with
/// them which shape each color lacks, and sees others in its place. So it learns shapes where no color has a name.
/// </summary>
internal static class CrowdRows
{
    private const int FewestThings = 5;

    /// <summary>Row <paramref name="row"/> of the shapes, which depends on nothing but what is given here.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public static CauldronRow Shapes(string subset, ulong seed, int row)
    {
        SplitMix64 random = SceneRows.Random(seed, row);
        Scene scene = Draw(ref random);
        var colors = new (double R, double G, double B)[scene.Objects.Count];
        for (int i = 0; i < colors.Length; i++)
        {
            colors[i] = UnnamedColor.Draw(ref random);
        }

        return SceneRows.Row(subset, scene, [EnglishQuestions.ShapesByPart(scene)], ref random, colors);
    }

    /// <summary>Row <paramref name="row"/> of the colors. No pair of color and shape in it is held out.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public static CauldronRow Colors(string subset, ulong seed, int row)
    {
        SplitMix64 random = SceneRows.Random(seed, row);
        Scene scene = Draw(ref random);
        return SceneRows.Row(subset, scene, [EnglishQuestions.ColorsByPart(scene)], ref random);
    }

    private static Scene Draw(ref SplitMix64 random)
    {
        int things = FewestThings + Scene.Below(SceneObject.Cells - FewestThings + 1, ref random);
        List<SceneObject> objects = [];
        foreach (int cell in Scene.Shuffled(SceneObject.Cells, ref random).Take(things).Order())
        {
            SceneObject thing;
            do
            {
                thing = new SceneObject(
                    (SceneShape)Scene.Below(SceneObject.Shapes, ref random), (SceneColor)Scene.Below(SceneObject.Colors, ref random),
                    (SceneSize)Scene.Below(2, ref random), cell);
            }
            while (thing.IsHeldOut);
            objects.Add(thing);
        }

        return new Scene(objects, Counted: null);
    }
}
