using System.Text.RegularExpressions;
using Smvl.Cli.TinyBases;
using Smvl.Data;

namespace Smvl.Tests.Cli.TinyBases;

public sealed partial class TextDialoguesTests
{
    private const ulong Seed = 5;

    private static readonly string[] ColorNames = ["红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "黑色", "白色"];
    private static readonly string[] ShapeNames = ["圆形", "方形", "三角形", "星形", "十字形", "心形"];

    private static readonly CauldronRow[] Emoji =
    [
        Row(("图中是什么？", "培根。"), ("请描述这张图片。", "这是表情符号“培根”，相关的关键词有：背肯、食物、肉、烟肉。"), ("这个表情符号属于哪一类？", "食物与饮料。")),
        Row(("这是什么？请简短回答。", "学校。"), ("图中的表情符号属于哪个类别？", "旅行与地点。"), ("问题：图中是什么？\n选项：\nA. 学校\nB. 蒜\n请用选项字母回答。", "答案：A")),
        Row(("图中是哪里的旗帜？", "泰国。")),
    ];

    private static readonly TextDialogues Dialogues = new(Emoji);

    private static readonly CauldronRow[] Trained = Train(8000);

    [Fact]
    public void TheSeedDecidesTheTexts()
    {
        Assert.Equal(Lines(Train(200)), Lines([.. Enumerable.Range(0, 200).Select(row => new TextDialogues(Emoji).Train(Seed, row))]));
        Assert.NotEqual(Lines(Train(200)), Lines([.. Enumerable.Range(0, 200).Select(row => Dialogues.Train(Seed + 1, row))]));
        Assert.Equal(Lines(Test(5)), Lines(Test(5)));
    }

    [Fact]
    public void ARowIsTurnsWithoutPictures() => Assert.All(Trained, row =>
    {
        Assert.Empty(row.Images!);
        Assert.NotEmpty(row.Texts!);
        Assert.All(row.Texts!, turn =>
        {
            Assert.NotEmpty(turn!.User!);
            Assert.NotEmpty(turn.Assistant!);
            Assert.Matches("^dialogues_zh\\.(color|shape|position|size|count|describe|by_shape|parts|name|category|talk)$", turn.Source!);
        });
        Assert.True(row.Texts![0]!.Source!.EndsWith(".talk", StringComparison.Ordinal) || row.Texts[0]!.User!.Contains('\n'), row.Texts[0]!.User);
    });

    /// <summary>An answer that describes a scene that is not counted tells all of it: none of the tests' occurs in training.</summary>
    [Fact]
    public void ScenesOfTheTestDoNotOccurInTraining()
    {
        HashSet<string> tested = Described(Test(300)), trained = Described(Trained);
        Assert.True(tested.Count > 20 && trained.Count > 500, $"{tested.Count} {trained.Count}");
        Assert.Empty(tested.Intersect(trained));

        static HashSet<string> Described(IReadOnlyList<CauldronRow> rows) =>
            [.. Answers(rows, ".describe").Where(answer => !answer.StartsWith("图中有", StringComparison.Ordinal) && !answer.StartsWith("这是", StringComparison.Ordinal))];
    }

    /// <summary>Things are answered for in the question's order, with what the grid has of them; a single one would be asked as elsewhere and answered otherwise.</summary>
    [Fact]
    public void ThingsAskedByTheirShapeStandInTheGrid()
    {
        int colors = 0;
        foreach (CauldronRow row in Trained.Where(row => row.Texts![0]!.Source == "dialogues_zh.by_shape"))
        {
            Assert.Equal(3, row.Texts!.Count);
            string grid = row.Texts[0]!.User!.Split('\n')[0];
            foreach (CauldronTurn turn in row.Texts.Select(turn => turn!))
            {
                string[] asked = [.. ShapeNames.Where(shape => turn.User!.Contains(shape, StringComparison.Ordinal)).OrderBy(shape => turn.User!.IndexOf(shape, StringComparison.Ordinal))];
                string[] answers = turn.Assistant!.TrimEnd('。').Split('，');
                Assert.True(asked.Length > 1);
                Assert.Equal(asked.Length, answers.Length);
                foreach ((string shape, string answer) in asked.Zip(answers))
                {
                    Assert.StartsWith(shape, answer, StringComparison.Ordinal);
                    string property = answer[shape.Length..];
                    string wanted = turn.User!.EndsWith("是什么颜色？", StringComparison.Ordinal) ? $"[大小]{property[0]}{shape[0]}"
                        : turn.User.EndsWith("是大的还是小的？", StringComparison.Ordinal) ? $"{property}.{shape[0]}"
                        : $".{shape[0]}";
                    Assert.Single(Regex.Matches(grid, " " + wanted));
                    colors += ColorNames.Contains(property) ? 1 : 0;
                }
            }
        }

        Assert.True(colors > 1000, $"{colors}");
    }

    /// <summary>A name that is asked for stands in the description; keywords are answered in the order in which they stand there.</summary>
    [Fact]
    public void AnswersAboutEmojiStandInTheDescription()
    {
        int names = 0, descriptions = 0;
        foreach (CauldronRow row in Trained.Where(row => row.Texts!.Any(turn => turn!.Source is "dialogues_zh.name" or "dialogues_zh.category")))
        {
            string told = row.Texts![0]!.User!;
            foreach (CauldronTurn? turn in row.Texts)
            {
                string answer = turn!.Assistant!;
                switch (turn.Source)
                {
                    case "dialogues_zh.name":
                        names++;
                        Assert.Contains(answer.TrimEnd('。'), told, StringComparison.Ordinal);
                        break;
                    case "dialogues_zh.describe":
                        descriptions++;
                        Match match = Keywords().Match(answer);
                        Assert.Equal("培根", match.Groups[1].Value);
                        string[] keywords = match.Groups[2].Value.Split('、');
                        Assert.Equal(["烟肉", "肉", "背肯", "食物"], keywords.Order(StringComparer.Ordinal));
                        string[] order = [.. keywords.Where(word => word != "肉")];   // which stands in another word
                        Assert.Equal(order, order.OrderBy(word => told.IndexOf(word, StringComparison.Ordinal)));
                        break;
                }
            }
        }

        Assert.True(names > 300 && descriptions > 10, $"{names} {descriptions}");
    }

    [Fact]
    public void CountsInTalkAreRight()
    {
        int sums = 0, lists = 0;
        foreach (CauldronTurn turn in Trained.SelectMany(row => row.Texts!).Where(turn => turn!.Source == "dialogues_zh.talk").Select(turn => turn!))
        {
            if (Sum().Match(turn.User!) is { Success: true } sum)
            {
                sums++;
                Assert.Equal(Number(sum.Groups[1].Value) + Number(sum.Groups[2].Value), Number(turn.Assistant![..1]));
            }
            else if (HowMany().Match(turn.User!) is { Success: true } list)
            {
                lists++;
                Assert.Equal(list.Groups[1].Value.Split('、', '，', ' ', '\n').Count(word => word == list.Groups[2].Value), Number(turn.Assistant![..1]));
            }
        }

        Assert.True(sums > 100 && lists > 50, $"{sums} {lists}");

        static int Number(string word) => "零一两三四五六".IndexOf(word, StringComparison.Ordinal);
    }

    [Fact]
    public void EmojiThatTellNothingAreRefused() =>
        Assert.Contains("the emoji's texts tell nothing", Assert.Throws<SmvlException>(() => new TextDialogues([Row(("图中是什么？", "培根。"))])).Message);

    [Theory]
    [InlineData("红色方形在左上角。\n\n", "红色|方形|在|左上角|。|\n|\n")]
    [InlineData("食物与饮料😀a", "食物|与|饮料|😀|a")]
    public void ATokenIsAtMostAWord(string text, string pieces) => Assert.Equal(pieces.Split('|'), TokenizerTexts.Pieces(text));

    private static CauldronRow[] Train(int rows) => [.. Enumerable.Range(0, rows).Select(row => Dialogues.Train(Seed, row))];

    private static CauldronRow[] Test(int rows) => [.. Enumerable.Range(0, rows).Select(row => TextDialogues.Test(Seed, row))];

    private static IEnumerable<string> Answers(IEnumerable<CauldronRow> rows, string kind) =>
        rows.SelectMany(row => row.Texts!).Where(turn => turn!.Source!.EndsWith(kind, StringComparison.Ordinal)).Select(turn => turn!.Assistant!);

    private static IEnumerable<string> Lines(CauldronRow[] rows) => rows.Select(row => string.Join('|', row.Texts!.Select(turn => $"{turn!.Source} {turn.User} {turn.Assistant}")));

    private static CauldronRow Row(params (string User, string Assistant)[] turns) =>
        new([], [.. turns.Select(turn => new CauldronTurn(turn.User, turn.Assistant, "emoji_zh"))]);

    [GeneratedRegex("(红色|橙色|黄色|绿色|蓝色|紫色|黑色|白色)的?(圆形|方形|三角形|星形|十字形|心形)")]
    private static partial Regex Pair();

    [GeneratedRegex("^这是表情符号“(.*)”，相关的关键词有：(.*)。$")]
    private static partial Regex Keywords();

    [GeneratedRegex("^(.)个.*加(.)个.*，一共几个？$")]
    private static partial Regex Sum();

    [GeneratedRegex("^([\\s\\S]+)\n有几个(.+)？$")]
    private static partial Regex HowMany();
}
