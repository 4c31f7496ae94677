using Smvl.Cli.TinyBases;
using Smvl.Images;

namespace Smvl.Tests.Cli.TinyBases;

public class SceneRendererTests
{
    private const int Drawn = 40;

    /// <summary>A large thing's middle is of its named color and of no other, and differs from all that lies around it.</summary>
    [Fact]
    public void ThingsHaveTheirColorAndStandOut()
    {
        foreach (SceneColor color in Enum.GetValues<SceneColor>())
        {
            for (ulong seed = 0; seed < Drawn; seed++)
            {
                using RgbImage picture = Draw(new SceneObject(SceneShape.Circle, color, SceneSize.Large, 4), seed);
                (double R, double G, double B) middle = Mean(picture, 28, 28, 8);
                SceneColor nearest = Enum.GetValues<SceneColor>().MinBy(c => Distance(SceneRenderer.Rgb(c), middle));
                Assert.Equal(color, nearest);
                Assert.InRange(Distance(SceneRenderer.Rgb(color), middle), 0, 25);
                for (int cell = 0; cell < SceneObject.Cells; cell++)
                {
                    (double, double, double) around = Mean(picture, 2 + (21 * (cell % 3)), 2 + (21 * (cell / 3)), 8);
                    Assert.True(cell == 4 || Distance(around, middle) > 50, $"{color}, seed {seed}: {middle} on {around}");
                }
            }
        }
    }

    /// <summary>Where a thing is, counted in pixels that are nearer to its color than to the background, tells cell and size.</summary>
    [Fact]
    public void ThingsLieInTheirCellAndHaveTheirSize()
    {
        foreach (SceneShape shape in Enum.GetValues<SceneShape>())
        {
            double[] areas = new double[2];
            for (ulong seed = 0; seed < Drawn; seed++)
            {
                for (int cell = 0; cell < SceneObject.Cells; cell++)
                {
                    var size = (SceneSize)((seed + (ulong)cell) % 2);
                    using RgbImage picture = Draw(new SceneObject(shape, SceneColor.Red, size, cell), seed);
                    (int x, int y)[] red = [.. Red(picture)];
                    Assert.Equal(cell, (3 * (int)(red.Average(p => p.y) / (64 / 3.0))) + (int)(red.Average(p => p.x) / (64 / 3.0)));
                    areas[(int)size] = size == SceneSize.Small ? Math.Max(areas[0], red.Length) : areas[1] == 0 ? red.Length : Math.Min(areas[1], red.Length);
                }
            }

            Assert.True(areas[1] > 1.5 * areas[0], $"{shape}: the largest small one has {areas[0]} pixels, the smallest large one {areas[1]}");
        }
    }

    /// <summary>Any two upright shapes differ in more than a seventh of the pixels that either covers.</summary>
    [Fact]
    public void ShapesDiffer()
    {
        SceneShape[] shapes = Enum.GetValues<SceneShape>();
        bool[][] masks = [.. shapes.Select(Mask)];
        for (int a = 0; a < masks.Length; a++)
        {
            Assert.InRange(masks[a].Count(inside => inside) / 1600.0, 0.8, Math.PI); // of the square between -1 and 1, about
            for (int b = 0; b < a; b++)
            {
                int either = masks[a].Zip(masks[b]).Count(p => p.First || p.Second), one = masks[a].Zip(masks[b]).Count(p => p.First != p.Second);
                Assert.True(7 * one > either, $"{shapes[a]} and {shapes[b]} differ in {one} of {either}");
            }
        }

        static bool[] Mask(SceneShape shape) => [.. Enumerable.Range(0, 10_000).Select(i => SceneShapes.Contains(shape, ((i % 100) - 49.5) / 40, ((i / 100) - 49.5) / 40))];
    }

    [Fact]
    public void SameSeedGivesTheSameRow()
    {
        byte[] Picture(ulong seed, int row) => SceneRows.Make("s", SceneQuestions.Chinese, heldOut: false, seed, row).Images![0]!.Bytes!;
        Assert.Equal(Picture(5, 9), Picture(5, 9));
        Assert.NotEqual(Picture(5, 9), Picture(5, 10));
        Assert.NotEqual(Picture(5, 9), Picture(6, 9));
    }

    private static RgbImage Draw(SceneObject thing, ulong seed)
    {
        var random = new SplitMix64(seed);
        return SceneRenderer.Draw(new Scene([thing], null), ref random);
    }

    private static IEnumerable<(int X, int Y)> Red(RgbImage picture)
    {
        byte[] pixels = picture.Pixels.ToArray();
        return from y in Enumerable.Range(0, picture.Height)
               from x in Enumerable.Range(0, picture.Width)
               let at = ((y * picture.Width) + x) * 3
               where pixels[at] - Math.Max(pixels[at + 1], pixels[at + 2]) > 90
               select (x, y);
    }

    private static (double R, double G, double B) Mean(RgbImage picture, int left, int top, int side)
    {
        double[] sums = new double[3];
        for (int y = top; y < top + side; y++)
        {
            for (int x = left; x < left + side; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    sums[c] += picture.Pixels[(((y * picture.Width) + x) * 3) + c] / (double)(side * side);
                }
            }
        }

        return (sums[0], sums[1], sums[2]);
    }

    private static double Distance((double R, double G, double B) a, (double R, double G, double B) b) =>
        Math.Sqrt(((a.R - b.R) * (a.R - b.R)) + ((a.G - b.G) * (a.G - b.G)) + ((a.B - b.B) * (a.B - b.B)));
}
