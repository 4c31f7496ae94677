namespace Smvl.Cli.TinyBases;

internal enum SceneShape
{
    Circle,
    Square,
    Triangle,
    Star,
    Cross,
    Heart,
}

internal enum SceneColor
{
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Black,
    White,
}

internal enum SceneSize
{
    Small,
    Large,
}

/// <summary>One thing in a scene.</summary>
/// <param name="Shape">what it is</param>
/// <param name="Color">of all of it</param>
/// <param name="Size">small or large</param>
/// <param name="Cell">where its centre is: one of 3 x 3 cells, row by row from the top left; no two things share one</param>
internal readonly record struct SceneObject(SceneShape Shape, SceneColor Color, SceneSize Size, int Cell)
{
    /// <summary>Cells of a scene.</summary>
    public const int Cells = 9;

    public static int Shapes { get; } = Enum.GetValues<SceneShape>().Length;

    public static int Colors { get; } = Enum.GetValues<SceneColor>().Length;

    /// <summary>Whether this color never has this shape in any picture that is trained on: 8 of the 48 pairs, every color once.</summary>
    public bool IsHeldOut => IsHeldOutPair(Shape, Color);

    public static bool IsHeldOutPair(SceneShape shape, SceneColor color) => (((int)color * 5) + 1) % Shapes == (int)shape;
}

/// <summary>A generated picture's content, in the order of the cells.</summary>
/// <param name="Objects">one to seven things</param>
/// <param name="Counted">how many of a kind is what this scene is about; each shape and each color occurs once otherwise</param>
internal sealed record Scene(IReadOnlyList<SceneObject> Objects, SceneObject? Counted)
{
    /// <summary>The most things of a kind that are asked to be counted.</summary>
    public const int MostCounted = 5;

    /// <summary>Draws a scene.</summary>
    /// <param name="random">the only source of chance</param>
    /// <param name="heldOut">
    /// false: no thing has a held-out pair of color and shape; true: the thing that is counted, or the first drawn, has one; null: any pairs,
    /// for scenes that are told and never seen
    /// </param>
    public static Scene Draw(ref SplitMix64 random, bool? heldOut)
    {
        int[] cells = Shuffled(SceneObject.Cells, ref random);
        int[] shapes = Shuffled(SceneObject.Shapes, ref random);
        int[] colors = Shuffled(SceneObject.Colors, ref random);
        bool counts = random.NextUnit() < 0.4;
        int same = counts ? 1 + Below(MostCounted, ref random) : 1;
        int others = counts ? Below(3, ref random) : Below(4, ref random);
        var objects = new List<SceneObject>();
        int color = 0;
        for (int kind = 0; kind <= others; kind++)
        {
            var shape = (SceneShape)shapes[kind];
            bool? wanted = heldOut is null ? null : heldOut.Value && kind == 0;

            // of the colors that are left, the first that makes such a pair; there is always one
            int found = color;
            while (wanted is { } pair && SceneObject.IsHeldOutPair(shape, (SceneColor)colors[found]) != pair)
            {
                found++;
            }

            (colors[color], colors[found]) = (colors[found], colors[color]);
            for (int copy = 0; copy < (kind == 0 ? same : 1); copy++)
            {
                var size = (SceneSize)Below(2, ref random);
                objects.Add(new SceneObject(shape, (SceneColor)colors[color], size, cells[objects.Count]));
            }

            color++;
        }

        SceneObject first = objects[0];
        objects.Sort((a, b) => a.Cell.CompareTo(b.Cell));
        return new Scene(objects, counts ? first : null);
    }

    /// <summary>0 to count - 1.</summary>
    public static int Below(int count, ref SplitMix64 random) => (int)(random.NextUnit() * count);

    /// <summary>0 to count - 1 in an order of chance.</summary>
    public static int[] Shuffled(int count, ref SplitMix64 random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = Below(i + 1, ref random);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}
