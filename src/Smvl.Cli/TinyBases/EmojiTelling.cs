namespace Smvl.Cli.TinyBases;

/// <summary>Tells an emoji in the words that the data has for it, name, keywords and category, in many manners, and asks about it.</summary>
internal static class EmojiTelling
{
    private const int RowsInPicture = SceneObject.Cells, RowsInLine = 3;

    private static readonly string[] Openings = ["关键词：", "图中：", "表情符号：", "有关的词：", "描述："];

    private static readonly string[] Nothing = ["空", "背景", "。", "无", "-"];

    /// <summary>How the name is told from the other words.</summary>
    private enum NameMark
    {
        /// <summary>It is not, and is not asked for.</summary>
        None,

        /// <summary>It comes first.</summary>
        First,

        /// <summary>It stands in quotation marks or behind a label.</summary>
        Marked,

        /// <summary>It comes more often than any other.</summary>
        Often,
    }

    /// <summary>A dialogue about the emoji, its description in the first turn; null where nothing can be asked.</summary>
    public static SceneTurn[]? Tell(EmojiFacts emoji, ref SplitMix64 random)
    {
        if (emoji.Category is { } whole && Chance.Is(0.5, ref random))
        {
            return [TellCategory(whole, ref random)];
        }

        double keep = Chance.Of([1, 1, 0.7, 0.4], ref random);
        List<string> keywords = [];
        foreach (string keyword in Chance.Shuffled(emoji.Keywords, ref random))
        {
            if (Chance.Is(keep, ref random))
            {
                keywords.Add(keyword);
            }
        }

        NameMark mark = emoji.Name is null || !Chance.Is(0.75, ref random) ? NameMark.None : (NameMark)Chance.Within(1, 3, ref random);
        bool named = mark != NameMark.None || (emoji.Name is not null && Chance.Is(0.3, ref random));
        string[] category = emoji.Category is { } known && Chance.Is(0.45, ref random) ? CategoryWords(known, ref random) : [];
        List<SceneTurn> turns = [];
        if (emoji.Category is not null)
        {
            turns.Add(new SceneTurn(EmojiTexts.Category, Chance.Of<string>(EmojiTexts.ChineseCategoryQuestions, ref random), emoji.Category));
        }

        if (mark != NameMark.None && emoji.NameQuestion.Length > 0)
        {
            turns.Add(new SceneTurn(EmojiTexts.Name, emoji.NameQuestion, emoji.Name + "。"));
        }

        // no word of a category among the words that are taken for keywords
        if (mark != NameMark.None && keywords.Count > 0 && keywords.Count == emoji.Keywords.Count && category.Length == 0)
        {
            turns.Add(new SceneTurn(EmojiTexts.Describe, emoji.DescribeQuestion, emoji.Description(keywords)));
        }

        if (turns.Count == 0 || (!named && keywords.Count + category.Length == 0))
        {
            return null;
        }

        string[] others = [.. keywords, .. category];
        string text = Chance.Is(0.35, ref random) ? Grid(named ? emoji.Name : null, mark, others, ref random) : List(named ? emoji.Name : null, mark, others, ref random);
        text = Chance.Is(0.2, ref random) ? Chance.Of<string>(Openings, ref random) + text : text;
        turns = [.. Chance.Shuffled(turns, ref random).Take(Chance.Within(1, turns.Count, ref random))];
        turns[0] = turns[0] with { User = $"{text}\n{turns[0].User}" };
        return [.. turns];
    }

    /// <summary>A category alone: most of a picture's rows tell it, the others tell another one.</summary>
    private static SceneTurn TellCategory(string answer, ref SplitMix64 random)
    {
        double share = Chance.Between(0.6, 1.2, ref random);
        var told = new string[RowsInPicture];
        do
        {
            for (int row = 0; row < told.Length; row++)
            {
                told[row] = Chance.Is(share, ref random) ? answer : Chance.Of<(string Group, string English, string Chinese)>(EmojiTexts.Categories, ref random).Chinese;
            }
        }
        while (told.Count(category => category == answer) <= RowsInPicture / 2);

        SceneTurn turn = Chance.Is(0.3, ref random)
            ? EmojiTexts.PartByPart(told)
            : new SceneTurn(EmojiTexts.Category, Chance.Of<string>(EmojiTexts.ChineseCategoryQuestions, ref random), answer);
        return turn with { User = $"{SceneGrid.Text(told.Select(category => " " + EmojiTexts.CategoryWord(category)), ref random)}\n{turn.User}" };
    }

    /// <summary>食物与饮料 as a whole, or one or both of its words.</summary>
    private static string[] CategoryWords(string answer, ref SplitMix64 random)
    {
        string whole = answer.TrimEnd('。');
        string[] parts = whole.Split('与');
        return Scene.Below(3, ref random) switch
        {
            0 => [whole],
            1 => parts,
            _ => [Chance.Of<string>(parts, ref random)],
        };
    }

    /// <summary>Words one behind the other, each as often as chance has it.</summary>
    private static string List(string? name, NameMark mark, string[] others, ref SplitMix64 random)
    {
        int most = Chance.Of([1, 1, 2, 4], ref random);
        List<string> words = [];
        foreach (string other in others)
        {
            words.AddRange(Enumerable.Repeat(other, Chance.Within(1, most, ref random)));
        }

        if (name is not null && mark is NameMark.None or NameMark.Often)
        {
            words.InsertRange(Scene.Below(words.Count + 1, ref random), Enumerable.Repeat(name, mark == NameMark.None ? 1 : most + 1));
        }

        string between = Chance.Of([" ", "、", "，", "；", "\n", ""], ref random);
        string text = string.Join(between, words);
        return mark switch
        {
            NameMark.First => name + between + text,
            NameMark.Marked => Marked(name!, between, text, ref random),
            _ => text,
        };
    }

    private static string Marked(string name, string between, string text, ref SplitMix64 random) => Scene.Below(4, ref random) switch
    {
        0 => $"“{name}”{between}{text}",
        1 => $"名称：{name}{between}{text}",
        2 => $"{text}{between}名称：{name}",
        _ => $"{text}{between}“{name}”",
    };

    /// <summary>As the rows of a picture come: words in some of 9 places, the name in most of them.</summary>
    private static string Grid(string? name, NameMark mark, string[] others, ref SplitMix64 random)
    {
        var cells = new string[RowsInPicture];
        double filled = Chance.Of([0.5, 0.8, 1], ref random);
        string nothing = Chance.Of<string>(Nothing, ref random);
        string inCell = Chance.Of(["", " "], ref random);
        string[] words = name is null || mark != NameMark.None ? others : [.. others, name];
        int next = 0;
        for (int cell = 0; cell < cells.Length; cell++)
        {
            // every word once, in order, then words of chance; every second cell at least has one until all are told
            string word = words.Length == 0 ? "" : next < words.Length ? words[next] : Chance.Of<string>(words, ref random);
            bool empty = !Chance.Is(filled, ref random) && !(next < words.Length && cell >= cells.Length - (2 * (words.Length - next)));
            next += empty ? 0 : 1;
            cells[cell] = empty ? nothing : mark != NameMark.None && (cell % 2 == 0 || word.Length == 0) ? name + inCell + word : word;
        }

        string between = Chance.Of([" ", "，", "|", "、", ""], ref random);
        string betweenLines = Chance.Of(["\n", "\n", between], ref random);
        string text = string.Join(betweenLines, cells.Chunk(RowsInLine).Select(line => string.Join(between, line)));
        return mark == NameMark.Marked ? Marked(name!, betweenLines, text, ref random) : mark == NameMark.First ? $"{name}{betweenLines}{text}" : text;
    }
}
