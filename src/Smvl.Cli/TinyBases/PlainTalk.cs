namespace Smvl.Cli.TinyBases;

/// <summary>Dialogues over the same words without a description: what the words mean, comparisons, lists and counting, courtesies.</summary>
internal sealed class PlainTalk(EmojiFacts[] emoji)
{
    /// <summary>The kind of all its turns.</summary>
    public const string Kind = "talk";

    private const int MostTurns = 4;

    private static readonly string[] Colors = [.. Enum.GetValues<SceneColor>().Select(ChineseQuestions.Name)];
    private static readonly string[] Shapes = [.. Enum.GetValues<SceneShape>().Select(ChineseQuestions.Name)];
    private static readonly string[] Sizes = [.. Enum.GetValues<SceneSize>().Select(size => ChineseQuestions.Name(size) + "的")];
    private static readonly string[] Places = [.. Enumerable.Range(0, SceneObject.Cells).Select(ChineseQuestions.Place)];
    private static readonly string[] Categories = [.. EmojiTexts.Categories.Select(category => category.Chinese.TrimEnd('。'))];

    private static readonly (string Name, string Noun, string[] Words)[] Groups =
        [("颜色", "一种颜色", Colors), ("形状", "一种形状", Shapes), ("位置", "一个位置", Places), ("类别", "一个类别", Categories)];

    private static readonly (string User, string Assistant)[] Courtesies =
    [
        ("你好。", "你好！有什么可以帮你？"), ("你好！", "你好！有什么可以帮你？"), ("谢谢。", "不客气。"), ("谢谢你！", "不客气。"),
        ("再见。", "再见！"), ("你是谁？", "我是一个会看图的小助手。"), ("你能做什么？", "我可以回答关于图片的问题。"), ("早上好。", "早上好！"),
        ("你会说中文吗？", "会。"), ("请帮我看图。", "好的，请问你想知道什么？"),
    ];

    private static readonly (string Shape, string Corners, string Sides)[] Geometry =
        [("三角形", "三个", "三条"), ("方形", "四个", "四条"), ("星形", "五个", "十条"), ("十字形", "十二个", "十二条")];

    private static readonly string[] Opposites = ["大", "小", "上方", "下方", "左边", "右边", "左上角", "右下角", "右上角", "左下角", "黑色", "白色"];

    /// <summary>One to four turns.</summary>
    public SceneTurn[] Talk(ref SplitMix64 random)
    {
        var turns = new SceneTurn[Chance.Within(1, MostTurns, ref random)];
        for (int i = 0; i < turns.Length; i++)
        {
            (string user, string assistant) = Turn(ref random);
            turns[i] = new SceneTurn(Kind, user, assistant);
        }

        return turns;
    }

    private (string User, string Assistant) Turn(ref SplitMix64 random) => Scene.Below(12, ref random) switch
    {
        0 => Definition(ref random),
        1 => Enumeration(ref random),
        2 => Corners(ref random),
        3 => More(ref random),
        4 => CountedList(ref random),
        5 => Element(ref random),
        6 => Contained(ref random),
        7 => Sum(ref random),
        8 => Opposite(ref random),
        9 or 10 => Member(ref random),
        _ => Chance.Of<(string, string)>(Courtesies, ref random),
    };

    private static (string, string) Definition(ref SplitMix64 random)
    {
        (string name, string noun, string[] words) = Chance.Of<(string, string, string[])>(Groups, ref random);
        string other = Groups[(Array.FindIndex(Groups, group => group.Name == name) + 1) % Groups.Length].Name;
        string word = Chance.Of<string>(words, ref random);
        return Scene.Below(3, ref random) switch
        {
            0 => ($"{word}是什么？", $"{word}是{noun}。"),
            1 => ($"{word}是{name}还是{other}？", $"{name}。"),
            _ => ($"{word}是{other}吗？", $"不是，{word}是{noun}。"),
        };
    }

    private static (string, string) Enumeration(ref SplitMix64 random)
    {
        (string name, _, string[] words) = Chance.Of<(string, string, string[])>(Groups, ref random);
        return (Chance.Of([$"{name}有哪些？", $"你知道哪些{name}？"], ref random), string.Join('、', words) + "。");
    }

    private static (string, string) Corners(ref SplitMix64 random)
    {
        (string shape, string corners, string sides) = Chance.Of<(string, string, string)>(Geometry, ref random);
        return Scene.Below(3, ref random) switch
        {
            0 => ($"{shape}有几个角？", $"{corners}。"),
            1 => ($"{shape}有几条边？", $"{sides}。"),
            _ => Chance.Of([("圆形有角吗？", "没有。"), ($"{shape}有角吗？", "有。")], ref random),
        };
    }

    private static (string, string) More(ref SplitMix64 random)
    {
        int[] order = Scene.Shuffled(6, ref random);
        string first = ChineseQuestions.Number(order[0] + 1), second = ChineseQuestions.Number(order[1] + 1);
        bool more = Chance.Is(0.5, ref random);
        string word = Chance.Of<string>(Shapes, ref random);
        return ($"{first}个{word}和{second}个{word}，哪个{(more ? "多" : "少")}？", $"{(order[0] > order[1] == more ? first : second)}个。");
    }

    /// <summary>Some words, one of them several times.</summary>
    private static (string, string) CountedList(ref SplitMix64 random)
    {
        string[] words = Chance.Shuffled(Chance.Of([Colors, Shapes, Places], ref random), ref random);
        int count = Chance.Within(1, Scene.MostCounted, ref random);
        string[] list = Chance.Shuffled([.. Enumerable.Repeat(words[0], count), .. words[1..Chance.Within(1, 4, ref random)]], ref random);
        string text = string.Join(Chance.Of(["、", "，", " ", "\n"], ref random), list);
        return Chance.Is(0.6, ref random)
            ? ($"{text}\n有几个{words[0]}？", $"{ChineseQuestions.Number(count)}个。")
            : ($"{string.Join('、', Enumerable.Repeat(words[0], count))}\n一共有几个？", $"{ChineseQuestions.Number(count)}个。");
    }

    private static (string, string) Element(ref SplitMix64 random)
    {
        string[] list = Chance.Shuffled(Chance.Of([Colors, Shapes, Places, Categories], ref random), ref random)[..Chance.Within(2, 5, ref random)];
        string text = string.Join(Chance.Of(["、", "，", " ", "\n"], ref random), list);
        return Scene.Below(4, ref random) switch
        {
            0 => ($"{text}\n第一个是什么？", $"{list[0]}。"),
            1 => ($"{text}\n最后一个是什么？", $"{list[^1]}。"),
            2 => ($"{text}\n第二个是什么？", $"{list[1]}。"),
            _ => ($"请重复：{text}", text),
        };
    }

    private static (string, string) Contained(ref SplitMix64 random)
    {
        string[] words = Chance.Shuffled(Chance.Of([Colors, Shapes, Places, Categories], ref random), ref random);
        int length = Chance.Within(1, 5, ref random);
        bool asked = Chance.Is(0.5, ref random);
        string text = string.Join(Chance.Of(["、", "，", " ", "\n"], ref random), words[..length]);
        return ($"{text}\n里面有{(asked ? Chance.Of<string>(words[..length], ref random) : words[length])}吗？", asked ? "有。" : "没有。");
    }

    private static (string, string) Sum(ref SplitMix64 random)
    {
        int first = Chance.Within(1, 4, ref random), second = Chance.Within(1, 6 - first, ref random);
        string word = Chance.Of([.. Shapes, "", "东西", "图形"], ref random);
        return (
            $"{ChineseQuestions.Number(first)}个{word}加{ChineseQuestions.Number(second)}个{word}，一共几个？", $"{ChineseQuestions.Number(first + second)}个。");
    }

    private static (string, string) Opposite(ref SplitMix64 random)
    {
        int word = Scene.Below(Opposites.Length, ref random);
        return Chance.Is(0.8, ref random)
            ? ($"{Opposites[word]}的反面是什么？", $"{Opposites[word ^ 1]}。")
            : ($"{Chance.Of<string>(Sizes, ref random)}和{Chance.Of<string>(Colors, ref random)}，哪个说的是颜色？", "后一个。");
    }

    /// <summary>What an emoji's name or keyword belongs to.</summary>
    private (string, string) Member(ref SplitMix64 random)
    {
        EmojiFacts about;
        do
        {
            about = Chance.Of<EmojiFacts>(emoji, ref random);
        }
        while (about.Category is null || about.Name is null);

        string word = about.Name;
        return (Chance.Of([$"“{word}”属于哪个类别？", $"{word}属于哪一类？", $"“{word}”这个表情符号属于哪一类？"], ref random), about.Category);
    }
}
