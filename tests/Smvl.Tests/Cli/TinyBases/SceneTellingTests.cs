using System.Text.RegularExpressions;
using Smvl.Cli.TinyBases;

namespace Smvl.Tests.Cli.TinyBases;

/// <summary>Reads descriptions back with readers of their own, that know the words and not how the descriptions are made.</summary>
public sealed partial class SceneTellingTests
{
    private const int Draws = 3000;

    private const string ColorWord = "(红色|橙色|黄色|绿色|蓝色|紫色|黑色|白色)", ShapeWord = "(圆形|方形|三角形|星形|十字形|心形)";
    private const string PlaceWord = "(左上角|右上角|左下角|右下角|上方|下方|左边|右边|中间)";

    private static readonly string[] ColorNames = ["红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "黑色", "白色"];
    private static readonly string[] ShapeNames = ["圆形", "方形", "三角形", "星形", "十字形", "心形"];
    private static readonly string[] PlaceNames = ["左上角", "上方", "右上角", "左边", "中间", "右边", "左下角", "下方", "右下角"];

    private static IEnumerable<(Scene Scene, Told Told)> Tellings
    {
        get
        {
            var random = new SplitMix64(11);
            for (int i = 0; i < Draws; i++)
            {
                Scene scene = Scene.Draw(ref random, heldOut: false);
                yield return (scene, SceneTelling.Tell(scene, ref random));
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

    /// <summary>Where a color lies in the grid is where its thing is, whether its place is said or not.</summary>
    [Fact]
    public void AGridHasTheThingsInTheirPlaces()
    {
        var random = new SplitMix64(12);
        int grids = 0;
        for (int i = 0; i < Draws; i++)
        {
            Scene scene = Scene.Draw(ref random, heldOut: false);
            string[][] rows = [.. SceneRaster.Tell(scene, ref random).Text.Replace("空白", "", StringComparison.Ordinal).Split('\n').Select(row => row.Split('|'))];

            // grids in which a cell may name a thing without its color are passed over
            if (rows.Length != 4 || rows.Any(row => row.Length != 4 || row.Any(cell => AnyColor().Count(cell) < new[] { AnyShape(), AnySize(), AnyPlace() }.Max(words => words.Count(cell)))))
            {
                continue;
            }

            grids++;
            foreach (SceneObject thing in scene.Objects.Where(thing => scene.Objects.Count(other => other.Color == thing.Color) == 1))
            {
                (int Row, int Col)[] cells = [.. from row in Enumerable.Range(0, 4)
                                                 from col in Enumerable.Range(0, 4)
                                                 where rows[row][col].Contains(ColorNames[(int)thing.Color][..1], StringComparison.Ordinal)
                                                 select (row, col)];
                Assert.InRange(cells.Length, 1, 4);
                Assert.Equal(thing.Cell / 3, (int)(cells.Average(cell => cell.Row + 0.5) * 3 / 4));
                Assert.Equal(thing.Cell % 3, (int)(cells.Average(cell => cell.Col + 0.5) * 3 / 4));
            }
        }

        Assert.True(grids > 80, $"{grids}");
    }

    [GeneratedRegex(ColorWord)]
    private static partial Regex Color();

    [GeneratedRegex("[红橙黄绿蓝紫黑白]")]
    private static partial Regex AnyColor();

    [GeneratedRegex("圆|(?<![上下左右])方|三角|星|十字|心")]
    private static partial Regex AnyShape();

    [GeneratedRegex("[大小]")]
    private static partial Regex AnySize();

    [GeneratedRegex("[左右][上下]?|[上下]|中")]
    private static partial Regex AnyPlace();

    [GeneratedRegex(ShapeWord)]
    private static partial Regex Shape();

    [GeneratedRegex("(左上角|右上角|左下角|右下角|(?<![左右])上方|(?<![左右])下方|左边|右边|中间(?!位置))")]
    private static partial Regex Place();

    [GeneratedRegex(PlaceWord + "有一个([大小])的" + ColorWord + ShapeWord)]
    private static partial Regex Sentence();

    [GeneratedRegex("([一两三四五])个" + ColorWord + "的?" + ShapeWord + "(?=和|，|、| |\n|。|$)")]
    private static partial Regex Number();

    [GeneratedRegex("形状[：:=是]")]
    private static partial Regex Label();
}
