using System.Security.Cryptography;
using Smvl.Cli.TinyBases;
using Smvl.Data;
using Smvl.Images;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli.TinyBases;

/// <summary>The committed sample data, and the data that is written from it.</summary>
public sealed class SampleDataTests : IDisposable
{
    private static readonly string Samples = Path.Combine(Golden.Root, "samples", "data");

    private static readonly string[] HeldOut =
    [
        .. from color in Enum.GetValues<SceneColor>()
           from shape in Enum.GetValues<SceneShape>()
           where SceneObject.IsHeldOutPair(shape, color)
           from said in new[] { "{0}{1}", "{0}的{1}" }
           select string.Format(null, said, ChineseQuestions.Name(color), ChineseQuestions.Name(shape)),
    ];

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("scenes_zh", 2400, 300)]
    [InlineData("emoji_zh", 1709, 185)]
    public void SplitsAreWholeAndDisjoint(string subset, int train, int test)
    {
        CauldronRow[] trained = Rows(Samples, subset, "train"), held = Rows(Samples, subset, "test");
        Assert.Equal((train, test), (trained.Length, held.Length));
        Assert.Empty(trained.Select(Picture).Intersect(held.Select(Picture)));
        foreach (CauldronRow row in trained.Concat(held))
        {
            Assert.All(row.Texts!, turn => Assert.StartsWith(subset + ".", turn!.Source));
            using RgbImage picture = ImageDecoder.Decode(row.Images![0]!.Bytes!, subset);
            Assert.Equal(picture.Width, picture.Height);
        }
    }

    [Fact]
    public void NoTrainedSceneHasAHeldOutPairAndEveryTestSceneAsksForOne()
    {
        Assert.Equal(16, HeldOut.Length);
        foreach (CauldronRow row in Rows(Samples, "scenes_zh", "train"))
        {
            Assert.DoesNotContain(row.Texts!, turn => HeldOut.Any(pair => turn!.User!.Contains(pair) || turn.Assistant!.Contains(pair)));
            Assert.DoesNotContain(row.Texts!, IsHeldOut);
        }

        foreach (CauldronRow row in Rows(Samples, "scenes_zh", "test"))
        {
            CauldronTurn description = Assert.Single(row.Texts!, turn => turn!.Source == "scenes_zh.describe")!;
            Assert.Contains(HeldOut, pair => description.Assistant!.Contains(pair));
            Assert.All(row.Texts!.Where(turn => turn!.Source is "scenes_zh.color" or "scenes_zh.shape"), turn => Assert.True(IsHeldOut(turn), turn!.User));
        }
    }

    /// <summary>The pictures' bytes depend on the system's JPEG encoder, so the texts stand for the scenes.</summary>
    [Theory]
    [InlineData(EmojiTable.Train)]
    [InlineData(EmojiTable.Test)]
    public void CommittedScenesAreThoseOfTheGenerator(string split)
    {
        CauldronRow[] rows = Rows(Samples, SamplePacker.SceneSubset, split);
        Assert.All(Enumerable.Range(0, 200), row => Assert.Equal(rows[row].Texts, SamplePacker.Scene(split, SamplePacker.DefaultSeed, row).Texts));
    }

    [Fact]
    public void ScenesWithUnnamedColorsAreThoseOfTheGeneratorAndNameNoColor()
    {
        CauldronRow[] rows = Rows(Samples, SamplePacker.ShapeSubset, EmojiTable.Train);
        Assert.Equal(1200, rows.Length);
        Assert.All(rows, row => Assert.DoesNotContain(row.Texts!, turn =>
            Enum.GetValues<SceneColor>().Any(color => turn!.User!.Contains(ChineseQuestions.Name(color)) || turn.Assistant!.Contains(ChineseQuestions.Name(color)))));
        Assert.All(Enumerable.Range(0, 200), row => Assert.Equal(rows[row].Texts, SamplePacker.ShapeScene(SamplePacker.DefaultSeed, row).Texts));
    }

    /// <summary>None is within 80 of a color that has a name, so that no pair of color and shape that is held out comes in by them.</summary>
    [Fact]
    public void UnnamedColorsAreFarFromNamedOnes()
    {
        var random = new SplitMix64(7);
        for (int i = 0; i < 2000; i++)
        {
            (double red, double green, double blue) = UnnamedColor.Draw(ref random);
            Assert.All(Enum.GetValues<SceneColor>(), color =>
            {
                (double r, double g, double b) = SceneRenderer.Rgb(color);
                Assert.True(Math.Sqrt(Math.Pow(red - r, 2) + Math.Pow(green - g, 2) + Math.Pow(blue - b, 2)) > 80, $"({red}, {green}, {blue}) is near {color}");
            });
        }
    }

    [Fact]
    public void EmojiAreAskedForTheirCategory()
    {
        EmojiEntry[] table = EmojiTable.Read(Path.Combine(Samples, EmojiTable.FileName));
        foreach (string split in new[] { EmojiTable.Train, EmojiTable.Test })
        {
            CauldronRow[] rows = Rows(Samples, "emoji_zh", split);
            EmojiEntry[] entries = [.. table.Where(entry => entry.Split == split)];
            Assert.Equal(Enumerable.Range(0, rows.Length), entries.Select(entry => entry.Row));
            for (int i = 0; i < rows.Length; i++)
            {
                CauldronTurn[] asked = [.. rows[i].Texts!.Where(turn => turn!.Source == "emoji_zh.category").Select(turn => turn!)];
                Assert.InRange(asked.Length, split == EmojiTable.Train && entries[i].Category is not null ? 1 : 0, 1);
                Assert.All(asked, turn => Assert.Equal(
                    entries[i].Category, EmojiTexts.Categories.Single(category => category.Chinese == turn.Assistant).English));
            }
        }

        Assert.Equal(EmojiTexts.Categories.Length, table.Select(entry => entry.Category).OfType<string>().Distinct().Count());
        Assert.InRange(table.Count(entry => entry.Category is null), 0, 9);
    }

    [Fact]
    public void IndexNamesEveryEmojiAndPhotograph()
    {
        string[][] lines = [.. File.ReadLines(Path.Combine(Samples, "index.tsv")).Skip(1).Select(line => line.Split('\t'))];
        Assert.DoesNotContain(lines, fields => fields[12].Contains("GPL") || fields[12].Contains("-SA"));
        foreach (IGrouping<(string Subset, string Split), string[]> file in lines.GroupBy(fields => (fields[0], fields[1])))
        {
            Assert.Equal(Rows(Samples, file.Key.Subset, file.Key.Split).Select(row => Picture(row)[..16]), file.Select(fields => fields[10]));
        }
    }

    [Fact]
    public void SampleDataIsSmall() =>
        Assert.InRange(Directory.EnumerateFiles(Samples, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), 1, 12_000_000);

    [Fact]
    public async Task EnglishDataIsTheSameOnAnyNumberOfThreads()
    {
        foreach (string threads in new[] { "1", "2" })
        {
            Assert.Equal((0, ""), await Quiet(
                "tiny-bases", "data", "--samples", Samples, "--output", temporary[threads], "--scenes", "1100", "--test_scenes", "20", "--colors", "40", "--shapes", "60", "--variants", "1", "--threads", threads));
        }

        string[] files = [.. Directory.EnumerateFiles(temporary["1"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(temporary["1"], file))];
        Assert.Equal(6, files.Length);
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(temporary["1", file]), File.ReadAllBytes(temporary["2", file])));

        CauldronRow[] emoji = Rows(temporary["1"], "emoji_en", "train");
        Assert.Equal(1709, emoji.Length);
        int asked = emoji.Count(row => row.Texts![0]!.Source == "emoji_en.category"), told = emoji.Count(row => row.Texts![0]!.Source == "emoji_en.parts");
        Assert.InRange(asked + told, 1700, 1709);
        Assert.InRange(told, 750, 950);   // half of them
        Assert.Equal(emoji.Length, emoji.Select(Picture).Distinct().Count());
        Assert.All(emoji, row => Assert.Single(row.Texts!, turn => turn!.Source == "emoji_en.name"));
        foreach ((string subset, string first) in new[] { ("shapes_en", "Shapes"), ("colors_en", "Colors") })
        {
            Assert.All(Rows(temporary["1"], subset, "train"), row =>
            {
                string answer = Assert.Single(row.Texts!)!.Assistant!;
                Assert.Matches($"^{first}:( [a-z]+){{9}}\\. Sizes:( [a-z]+){{9}}\\.$", answer);
                Assert.InRange(answer.Split(" none").Length - 1, 0, 2 * 4);   // five to nine things
            });
        }

        string[] heldOut = ["Square.|red", "Circle.|orange", "Heart.|yellow", "Cross.|green", "Star.|blue", "Triangle.|purple", "Square.|black", "Circle.|white"];
        Assert.DoesNotContain(Rows(temporary["1"], "scenes_en", "train").SelectMany(row => row.Texts!), Asks);
        Assert.All(
            Rows(temporary["1"], "scenes_en", "test").SelectMany(row => row.Texts!).Where(turn => turn!.Source == "scenes_en.shape"),
            turn => Assert.True(Asks(turn), turn!.User + turn.Assistant));

        bool Asks(CauldronTurn? turn) => heldOut.Any(pair => pair.Split('|') is [var shape, var color] && turn!.Assistant == shape && turn.User!.Contains($" {color} "));
    }

    [Fact]
    public async Task MissingSampleDataIsAnErrorOfOneLine()
    {
        Assert.Contains(EmojiTable.FileName, await Fails("tiny-bases", "data", "--samples", temporary.Path, "--output", temporary["out"]));
        File.Copy(Path.Combine(Samples, EmojiTable.FileName), temporary[EmojiTable.FileName]);
        Assert.Contains("a part of the data is missing", await Fails("tiny-bases", "data", "--samples", temporary.Path, "--output", temporary["out"]));
        temporary.Write(EmojiTable.FileName, "split\trow\n");
        Assert.Contains("this is no table of emoji", await Fails("tiny-bases", "data", "--samples", temporary.Path, "--output", temporary["out"]));
        Assert.False(Directory.Exists(temporary["out"]));
    }

    private static CauldronRow[] Rows(string data, string subset, string split)
    {
        using CauldronDataset dataset = SamplePacker.OpenSplit(data, subset, split);
        return [.. Enumerable.Range(0, dataset.Count).Select(dataset.ReadRow)];
    }

    private static string Picture(CauldronRow row) => Convert.ToHexStringLower(SHA256.HashData(Assert.Single(row.Images!)!.Bytes!));

    /// <summary>Whether a question for a color or a shape and its answer make a held-out pair.</summary>
    private static bool IsHeldOut(CauldronTurn? turn) =>
        (turn!.Source == "scenes_zh.color" && Enum.GetValues<SceneShape>().Any(shape => turn.User!.Contains(ChineseQuestions.Name(shape)) && HeldOut.Contains(turn.Assistant!.TrimEnd('。') + ChineseQuestions.Name(shape))))
        || (turn.Source == "scenes_zh.shape" && Enum.GetValues<SceneColor>().Any(color => turn.User!.Contains(ChineseQuestions.Name(color)) && HeldOut.Contains(ChineseQuestions.Name(color) + turn.Assistant!.TrimEnd('。'))));
}
