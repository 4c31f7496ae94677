using System.Text;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// A scene as the picture rows of a tile come: four rows of four cells, in each the words of what lies there or a word for nothing.
/// A thing lies in every cell that it covers a good part of, as wide as the drawn ones are.
/// </summary>
internal static class SceneRaster
{
    private const int Edge = 4;

    /// <summary>The share of a cell from which on a thing is told there; it is always told where it covers most.</summary>
    private const double Seen = 0.06;

    /// <summary>The share of a part from which on a thing is what the part shows.</summary>
    private const double Shown = 0.2;

    private static readonly string[] Nothing = ["空", "。", "背景", "无", "-", "空白", "没有"];

    public static Told Tell(Scene scene, ref SplitMix64 random)
    {
        Manner manner = Manner.Draw(scene, ref random);
        return new Told(Grid(Cells(scene, Edge, ref random), manner, ref random), manner.Words.Sizes, Places: true, Ordered: true);
    }

    /// <summary>As a picture that is cut into four tiles comes: each tile behind its mark, then the whole.</summary>
    public static Told TellTiles(Scene scene, ref SplitMix64 random)
    {
        Manner manner = Manner.Draw(scene, ref random);
        var text = new StringBuilder();
        SplitMix64 same = random;   // things lie in the tiles where they lie in the whole
        List<SceneObject>[] fine = Cells(scene, 2 * Edge, ref same);
        for (int row = 0; row < 2; row++)
        {
            for (int col = 0; col < 2; col++)
            {
                int start = (row * Edge * 2 * Edge) + (col * Edge);
                List<SceneObject>[] tile = [.. Enumerable.Range(0, Edge).SelectMany(line => fine.AsSpan(start + (line * 2 * Edge), Edge).ToArray())];
                text.Append($"<row_{row + 1}_col_{col + 1}>{Grid(tile, manner, ref same)}");
            }

            text.Append('\n');
        }

        text.Append('\n').Append(Grid(Cells(scene, Edge, ref random), manner, ref same));
        random = same;
        return new Told(text.ToString(), manner.Words.Sizes, Places: true, Ordered: true);
    }

    /// <summary>(16) The thing that each part of a whole picture shows most of, row by row; null where it is mostly background.</summary>
    public static SceneObject?[] Parts(Scene scene, ref SplitMix64 random)
    {
        var parts = new SceneObject?[Edge * Edge];
        double[] most = [.. Enumerable.Repeat(Shown, parts.Length)];
        foreach (SceneObject thing in scene.Objects)
        {
            double[] covered = Covered(thing, Edge, ref random);
            for (int part = 0; part < parts.Length; part++)
            {
                if (covered[part] >= Math.Min(most[part], covered.Max()))
                {
                    (parts[part], most[part]) = (thing, covered[part]);
                }
            }
        }

        return parts;
    }

    /// <summary>(edge * edge) The things that are told in each cell, row by row.</summary>
    private static List<SceneObject>[] Cells(Scene scene, int edge, ref SplitMix64 random)
    {
        List<SceneObject>[] cells = [.. Enumerable.Range(0, edge * edge).Select(_ => new List<SceneObject>())];
        foreach (SceneObject thing in scene.Objects)
        {
            double[] covered = Covered(thing, edge, ref random);
            for (int cell = 0; cell < cells.Length; cell++)
            {
                if (covered[cell] >= Math.Min(Seen, covered.Max()))
                {
                    cells[cell].Add(thing);
                }
            }
        }

        return cells;
    }

    /// <summary>(edge * edge) The share of each cell that a thing's square covers, about where it is drawn.</summary>
    private static double[] Covered(SceneObject thing, int edge, ref SplitMix64 random)
    {
        double half = edge * (thing.Size == SceneSize.Small ? Chance.Between(0.075, 0.09, ref random) : Chance.Between(0.12, 0.15, ref random));
        double y = edge * ((((thing.Cell / 3) + 0.5) / 3) + Chance.Between(-0.03, 0.03, ref random));
        double x = edge * ((((thing.Cell % 3) + 0.5) / 3) + Chance.Between(-0.03, 0.03, ref random));
        return [.. Enumerable.Range(0, edge * edge).Select(cell => Overlap(y, half, cell / edge) * Overlap(x, half, cell % edge))];
    }

    /// <summary>How much of the cell from <paramref name="start"/> to start + 1 a thing covers along one edge.</summary>
    private static double Overlap(double centre, double half, int start) =>
        Math.Max(0, Math.Min(centre + half, start + 1) - Math.Max(centre - half, start));

    private static string Grid(List<SceneObject>[] cells, Manner manner, ref SplitMix64 random)
    {
        var text = new StringBuilder();
        HashSet<SceneObject> told = [];
        for (int cell = 0; cell < cells.Length; cell++)
        {
            if (cell > 0)
            {
                text.Append(cell % Edge == 0 ? manner.BetweenRows : manner.BetweenCells);
            }

            if (cells[cell].Count == 0)
            {
                text.Append(manner.Empty);
                continue;
            }

            List<string> words = [];
            foreach (SceneObject thing in cells[cell])
            {
                string[] all = manner.Words.All(thing, ref random);
                IEnumerable<string> chosen = manner.SameOrder ? all : Chance.Shuffled(all, ref random);

                // all of it where it is first told, perhaps some of it further on
                bool whole = told.Add(thing) || !manner.Partial;
                words.AddRange(whole ? chosen : [.. chosen.Take(Chance.Within(1, all.Length, ref random))]);
            }

            text.AppendJoin(manner.BetweenWords, words);
        }

        return text.ToString();
    }

    /// <summary>How one description is written.</summary>
    private sealed record Manner(
        ThingWords Words, string Empty, string BetweenWords, string BetweenCells, string BetweenRows, bool SameOrder, bool Partial)
    {
        public static Manner Draw(Scene scene, ref SplitMix64 random)
        {
            // things of a kind that touch can only be told apart by their places
            bool places = scene.Counted is not null || Chance.Is(0.6, ref random);
            var words = new ThingWords(Sizes: Chance.Is(0.7, ref random), places, Brief: Chance.Is(0.9, ref random) ? 0 : 0.5);
            string betweenCells = Chance.Of([" ", "，", "|", "、", "/", "\n", ""], ref random);
            return new Manner(
                words,
                Chance.Of<string>(Nothing, ref random),
                Chance.Of(["", "", betweenCells == " " ? "" : " "], ref random),
                betweenCells,
                Chance.Of(["\n", "\n", "；", betweenCells], ref random),
                SameOrder: Chance.Is(0.7, ref random),
                Partial: Chance.Is(0.15, ref random));
        }
    }
}
