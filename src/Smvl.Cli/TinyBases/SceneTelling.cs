namespace Smvl.Cli.TinyBases;

/// <summary>Tells a scene in Chinese words: mostly as a grid, which a connector can imitate, otherwise in many manners.</summary>
internal static class SceneTelling
{
    /// <summary>Of the descriptions; the rest is told in other manners.</summary>
    private const double GridShare = 0.9;

    private static readonly string[] Openings = ["图中：", "描述：", "图片内容：", "画面：", "图片里有：", "看：", "内容如下。", "这是一张图片。"];

    /// <summary>Some description of a scene.</summary>
    public static Told Tell(Scene scene, ref SplitMix64 random)
    {
        if (Chance.Is(GridShare, ref random))
        {
            return SceneGrid.Tell(scene, ref random);
        }

        Told told = random.NextUnit() switch
        {
            < 0.6 => SceneKeywords.Tell(scene, ref random),
            < 0.7 => TellLabelled(scene, ref random),
            < 0.85 when scene.Counted is not null => TellNumbers(scene, ref random),
            _ => TellSentences(scene, ref random),
        };
        return Chance.Is(0.15, ref random) ? told with { Text = Chance.Of<string>(Openings, ref random) + told.Text } : told;
    }

    /// <summary>The things in the order of their cells, or in one of chance.</summary>
    public static SceneObject[] Order(Scene scene, bool ordered, ref SplitMix64 random) =>
        ordered ? [.. scene.Objects] : Chance.Shuffled(scene.Objects, ref random);

    /// <summary>三个黑色的星形和一个红色的圆形</summary>
    private static Told TellNumbers(Scene scene, ref SplitMix64 random)
    {
        var words = new ThingWords(Sizes: false, Places: false, Brief: 0);
        bool ordered = Chance.Is(0.7, ref random);
        (SceneObject First, int Count)[] kinds = [.. SceneQuestions.Kinds(scene)];
        string of = Chance.Of(["的", ""], ref random);
        List<string> parts = [];
        foreach ((SceneObject first, int count) in ordered ? kinds : Chance.Shuffled(kinds, ref random))
        {
            parts.Add($"{ChineseQuestions.Number(count)}个{words.Color(first, ref random)}{of}{words.Shape(first, ref random)}");
        }

        string text = Chance.Of<string>(["图中有", "有", "", "一共有", "可以看到"], ref random)
            + string.Join(Chance.Of(["和", "，", "、", " ", "\n"], ref random), parts)
            + Chance.Of(["。", ""], ref random);
        return new Told(text, Sizes: false, Places: false, ordered);
    }

    /// <summary>颜色：红色，形状：圆形，位置：左上角，大小：大</summary>
    private static Told TellLabelled(Scene scene, ref SplitMix64 random)
    {
        var words = new ThingWords(Sizes: Chance.Is(0.8, ref random), Places: Chance.Is(0.8, ref random), Brief: 0);
        bool ordered = Chance.Is(0.5, ref random);
        string mark = Chance.Of(["：", ":", "=", "是"], ref random), between = Chance.Of(["，", "、", " ", "；"], ref random);
        string end = Chance.Of(["。", "\n", "。\n"], ref random);
        bool numbered = Chance.Is(0.3, ref random);
        int[] order = Scene.Shuffled(2 + (words.Sizes ? 1 : 0) + (words.Places ? 1 : 0), ref random);
        List<string> lines = [];
        foreach (SceneObject thing in Order(scene, ordered, ref random))
        {
            List<string> fields = [$"颜色{mark}{words.Color(thing, ref random)}", $"形状{mark}{words.Shape(thing, ref random)}"];
            if (words.Sizes)
            {
                fields.Add($"大小{mark}{words.Size(thing, ref random)}");
            }

            if (words.Places)
            {
                fields.Add($"位置{mark}{words.Place(thing, ref random)}");
            }

            lines.Add((numbered ? $"{lines.Count + 1}. " : "") + string.Join(between, order.Select(i => fields[i])));
        }

        return new Told(string.Join(end, lines) + end.TrimEnd('\n'), words.Sizes, words.Places, ordered);
    }

    /// <summary>Whole sentences, one for each thing.</summary>
    private static Told TellSentences(Scene scene, ref SplitMix64 random)
    {
        bool ordered = Chance.Is(0.6, ref random);
        var words = new ThingWords(Sizes: Chance.Is(0.85, ref random), Places: Chance.Is(0.85, ref random), Brief: Chance.Is(0.2, ref random) ? 0.3 : 0);
        int form = Scene.Below(4, ref random);
        string end = Chance.Of(["，", "。", "；", "。\n", "、"], ref random);
        List<string> sentences = [];
        foreach (SceneObject thing in Order(scene, ordered, ref random))
        {
            string color = words.Color(thing, ref random), shape = words.Shape(thing, ref random), place = words.Place(thing, ref random);
            string size = ChineseQuestions.Name(thing.Size);
            sentences.Add((form, words.Sizes, words.Places) switch
            {
                (0, true, true) => $"{place}有一个{size}的{color}{shape}",
                (0, false, true) => $"{place}有一个{color}{shape}",
                (1, true, true) => $"{color}的{shape}在{place}，它是{size}的",
                (1, false, true) => $"{color}的{shape}在{place}",
                (2, true, true) => $"一个{size}的{color}的{shape}，位置是{place}",
                (2, false, true) => $"一个{color}的{shape}，位置是{place}",
                (_, true, true) => $"在{place}可以看到{color}{shape}，{size}的",
                (_, false, true) => $"在{place}可以看到{color}{shape}",
                (1, true, false) => $"{shape}是{color}的，也是{size}的",
                (1, false, false) => $"{shape}是{color}的",
                (_, true, false) => $"有一个{size}的{color}{shape}",
                _ => $"有一个{color}的{shape}",
            });
        }

        return new Told(string.Join(end, sentences) + (end == "、" ? "。" : end.TrimEnd('\n')), words.Sizes, words.Places, ordered);
    }
}
