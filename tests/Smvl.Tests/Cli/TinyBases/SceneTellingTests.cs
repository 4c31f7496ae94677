using System.Text.RegularExpressions;
using Smvl.Cli.TinyBases;
using Smvl.Text;

namespace Smvl.Tests.Cli.TinyBases;

/// <summary>Reads descriptions back with readers of their own, that know the words and not how the descriptions are made.</summary>
public sealed partial class SceneTellingTests
{
    private const int Draws = 20000;

    private const string ColorWord = "(红色|橙色|黄色|绿色|蓝色|紫色|黑色|白色)", ShapeWord = "(圆形|方形|三角形|星形|十字形|心形)";
    private const string PlaceWord = "(左上角|右上角|左下角|右下角|上方|下方|左边|右边|中间)";

    private static readonly string[] ColorNames = ["红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "黑色", "白色"];
    private static readonly string[] ShapeNames = ["圆形", "方形", "三角形", "星形", "十字形", "心形"];
    private static readonly string[] PlaceNames = ["左上角", "上方", "右上角", "左边", "中间", "右边", "左下角", "下方", "右下角"];

    /// <summary>All manners but the grid.</summary>
    private static IEnumerable<(Scene Scene, Told Told)> Tellings
    {
        get
        {
            var random = new SplitMix64(11);
            for (int i = 0; i < Draws; i++)
            {
                Scene scene = Scene.Draw(ref random, heldOut: false);
                Told told = SceneTelling.Tell(scene, ref random);
                if (!Grid().IsMatch(told.Text))
                {
                    yield return (scene, told);
                }
            }
        }
    }

    [Fact]
    public void EveryThingIsTold() => Assert.All(Tellings, telling =>
    {
        foreach (SceneObject thing in telling.Scene.Objects)
        {
            Assert.Contains(ColorNames[(int)thing.Color][..1], telling.Told.Text, StringComparison.Ordinal);
            Assert.Contains(ShapeNames[(int)thing.Shape][..^1], telling.Told.Text, StringComparison.Ordinal);
            if (telling.Told.Sizes)
            {
                Assert.Contains(thing.Size == SceneSize.Small ? "小" : "大", telling.Told.Text, StringComparison.Ordinal);
            }
        }
    });

    [Fact]
    public void NothingElseIsTold() => Assert.All(Tellings, telling =>
    {
        Assert.All(Color().Matches(telling.Told.Text), match => Assert.Contains(telling.Scene.Objects, thing => ColorNames[(int)thing.Color] == match.Value));
        Assert.All(Shape().Matches(telling.Told.Text), match => Assert.Contains(telling.Scene.Objects, thing => ShapeNames[(int)thing.Shape] == match.Value));
        Assert.All(Place().Matches(telling.Told.Text), match => Assert.Contains(telling.Scene.Objects, thing => PlaceNames[thing.Cell] == match.Value));
    });

    [Fact]
    public void WhatIsNotToldIsNotAsked()
    {
        foreach ((Scene scene, Told told) in Tellings)
        {
            if (!told.Sizes)
            {
                Assert.DoesNotMatch("[大小](?!小：|小:|小=|小是)", told.Text);
            }

            Assert.Equal(told.Sizes, told.Answers(scene, SceneQuestions.Size));
            Assert.Equal(told.Places, told.Answers(scene, SceneQuestions.Position));
            Assert.True(told.Answers(scene, SceneQuestions.Color) && told.Answers(scene, SceneQuestions.Shape) && told.Answers(scene, SceneQuestions.Count));
        }
    }

    /// <summary>左上角有一个小的红色圆形, 三个红色的圆形, and lists of 形状：圆形: each thing once; other forms of the words are passed over.</summary>
    [Fact]
    public void SentencesTellTheSceneItself()
    {
        int sentences = 0, numbers = 0, labels = 0;
        foreach ((Scene scene, Told told) in Tellings)
        {
            if (Sentence().Matches(told.Text) is { Count: > 0 } found)
            {
                string[] things = [.. scene.Objects.Select(
                    thing => $"{PlaceNames[thing.Cell]} {(thing.Size == SceneSize.Small ? "小" : "大")} {ColorNames[(int)thing.Color]} {ShapeNames[(int)thing.Shape]}")];
                string[] read = [.. found.Select(match => $"{match.Groups[1]} {match.Groups[2]} {match.Groups[3]} {match.Groups[4]}")];
                Assert.Subset(things.ToHashSet(), read.ToHashSet());
                Assert.Distinct(read);
                sentences += read.Length == things.Length ? 1 : 0;
            }

            // one of a thing may also be told by a filler between keywords
            if (Number().Matches(told.Text) is { Count: > 0 } kinds && kinds.Any(match => match.Groups[1].Value != "一"))
            {
                numbers++;
                Assert.Equal(
                    scene.Objects.GroupBy(thing => (thing.Color, thing.Shape)).Select(kind => $"{"零一两三四五六"[kind.Count()]} {ColorNames[(int)kind.Key.Color]} {ShapeNames[(int)kind.Key.Shape]}").Order(),
                    kinds.Select(match => $"{match.Groups[1]} {match.Groups[2]} {match.Groups[3]}").Order());
            }

            if (Label().Count(told.Text) is > 0 and int count)
            {
                labels++;
                Assert.Equal(scene.Objects.Count, count);
            }
        }

        Assert.True(sentences > 30 && numbers > 20 && labels > 100, $"{sentences} {numbers} {labels}");
    }

    /// <summary>Nine words between an opening and a mark, in each what lies there: 大红圆, or 空.</summary>
    [Fact]
    public void AGridHasTheThingsInTheirPlaces()
    {
        var random = new SplitMix64(12);
        for (int i = 0; i < Draws; i++)
        {
            Scene scene = Scene.Draw(ref random, heldOut: null);
            string text = SceneGrid.Tell(scene, ref random).Text;
            Assert.Matches(Grid(), text);
            string[] words = text[..^1].Split(' ');
            Assert.Equal(10, words.Length);
            for (int cell = 0; cell < SceneObject.Cells; cell++)
            {
                string word = words[cell + 1];
                if (!scene.Objects.Any(thing => thing.Cell == cell))
                {
                    Assert.Equal("空", word);
                    continue;
                }

                SceneObject there = scene.Objects.Single(thing => thing.Cell == cell);
                Assert.Equal(3, word.Length);
                Assert.Equal(there.Size == SceneSize.Small ? '小' : '大', word[0]);
                Assert.Equal(there.Color, (SceneColor)Array.FindIndex(ColorNames, name => name[0] == word[1]));
                Assert.Equal(there.Shape, (SceneShape)Array.FindIndex(ShapeNames, name => name[0] == word[2]));
            }
        }
    }

    /// <summary>红色无无…；圆形无无…；大无无…。 in the order of the cells, and the same in English.</summary>
    [Fact]
    public void PartsAreToldInTheOrderOfTheCells()
    {
        var random = new SplitMix64(13);
        for (int i = 0; i < 300; i++)
        {
            Scene scene = Scene.Draw(ref random, heldOut: false);
            string[] colors = [.. Cells(scene, thing => ColorNames[(int)thing.Color], "无")], shapes = [.. Cells(scene, thing => ShapeNames[(int)thing.Shape], "无")];
            string[] sizes = [.. Cells(scene, thing => thing.Size == SceneSize.Small ? "小" : "大", "无")];
            Assert.Equal(
                new SceneTurn("parts", "每一部分是什么？", $"{string.Concat(colors)}；{string.Concat(shapes)}；{string.Concat(sizes)}。"),
                SceneQuestions.Chinese.PartByPart(scene));

            string[] lists = SceneQuestions.English.PartByPart(scene).Assistant.TrimEnd('.').Split(". ");
            Assert.Equal("Colors: " + string.Join(' ', Cells(scene, thing => $"{thing.Color}".ToLowerInvariant(), "none")), lists[0]);
            Assert.Equal("Shapes: " + string.Join(' ', Cells(scene, thing => $"{thing.Shape}".ToLowerInvariant(), "none")), lists[1]);
            Assert.Equal("Sizes: " + string.Join(' ', Cells(scene, thing => $"{thing.Size}".ToLowerInvariant(), "none")), lists[2]);
        }

        static IEnumerable<string> Cells(Scene scene, Func<SceneObject, string> name, string nothing) =>
            Enumerable.Range(0, 9).Select(cell => scene.Objects.Where(thing => thing.Cell == cell).Select(name).SingleOrDefault(nothing));
    }

    /// <summary>What a picture's row can imitate: one token for a cell, as many tokens before the first as the marks before a picture's rows.</summary>
    [Fact]
    public void AGridIsAsManyTokensAsAPicture()
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(Path.Combine(Golden.Root, "samples", "qwen3-tiny-zh"));
        Assert.All(SceneGrid.Words, word => Assert.Single(tokenizer.Encode(word)));
        Assert.Equal(97, SceneGrid.Words.Distinct().Count());
        int[] picture = tokenizer.Encode(ImageLayout.Qwen.Expand(new ImageGrid(0, 0), 9) + "\n图中有什么？");
        int row = tokenizer.Encode(ImageLayout.Image).Single(), word = tokenizer.Encode(SceneGrid.Words.Last()).Single();
        var random = new SplitMix64(14);
        for (int i = 0; i < 300; i++)
        {
            int[] grid = tokenizer.Encode(SceneGrid.Text(Enumerable.Repeat(SceneGrid.Words.Last(), 9), ref random) + "\n图中有什么？");
            Assert.Equal(picture.Length, grid.Length);
            Assert.Equal(picture[^3..], grid[^3..]);
            Assert.Equal((picture.IndexOf(row), picture.LastIndexOf(row)), (grid.IndexOf(word), grid.LastIndexOf(word)));
        }
    }

    [GeneratedRegex("^[^ ]+( [大小].[^ ]| 空){9}[^ ]$")]
    private static partial Regex Grid();

    [GeneratedRegex(ColorWord)]
    private static partial Regex Color();

    [GeneratedRegex(ShapeWord)]
    private static partial Regex Shape();

    [GeneratedRegex("(左上角|右上角|左下角|右下角|(?<![左右])上方|(?<![左右])下方|左边|右边|中间(?!位置))")]
    private static partial Regex Place();

    [GeneratedRegex("(?<![左右])" + PlaceWord + "有一个([大小])的" + ColorWord + ShapeWord)]
    private static partial Regex Sentence();

    [GeneratedRegex("([一两三四五])个" + ColorWord + "的?" + ShapeWord + "(?=和|，|、| |\n|。|$)")]
    private static partial Regex Number();

    [GeneratedRegex("形状[：:=是]")]
    private static partial Regex Label();
}
