namespace Smvl.Cli.TinyBases;

/// <summary>What is asked about emoji: the kinds of question, told from their wording, and the nine categories in both languages.</summary>
internal static class EmojiTexts
{
    public const string Name = "name", Describe = "describe", Category = "category", Choice = "choice";

    /// <summary>The two wordings of cauldron-mini.</summary>
    public static readonly string[] ChineseCategoryQuestions = ["图中的表情符号属于哪个类别？", "这个表情符号属于哪一类？"];

    /// <summary>The two wordings of cauldron-mini.</summary>
    public static readonly string[] EnglishCategoryQuestions = ["Which category does this emoji belong to?", "What is the category of this emoji?"];

    /// <summary>Unicode's groups with the answers of both languages.</summary>
    public static readonly (string Group, string English, string Chinese)[] Categories =
    [
        ("Smileys & Emotion", "Smileys and emotion.", "表情与情感。"),
        ("People & Body", "People and body.", "人物与身体。"),
        ("Animals & Nature", "Animals and nature.", "动物与自然。"),
        ("Food & Drink", "Food and drink.", "食物与饮料。"),
        ("Travel & Places", "Travel and places.", "旅行与地点。"),
        ("Activities", "Activities.", "活动。"),
        ("Objects", "Objects.", "物品。"),
        ("Symbols", "Symbols.", "符号。"),
        ("Flags", "Flags.", "旗帜。"),
    ];

    /// <summary>The first word of a category's answer, 食物 of 食物与饮料, as it is told in one of a picture's rows.</summary>
    public static string CategoryWord(string chinese) => chinese.TrimEnd('。').Split('与')[0];

    /// <summary>The category of each of a picture's rows, a word for each.</summary>
    /// <param name="chinese">a category's answer for each row</param>
    public static SceneTurn PartByPart(IEnumerable<string> chinese) =>
        new(SceneQuestions.Parts, ChineseQuestions.PartsQuestion, string.Concat(chinese.Select(CategoryWord)) + "。");

    /// <summary>An English category for each row of a picture: animals animals ...</summary>
    public static SceneTurn PartByPart(string english) => new(
        SceneQuestions.Parts, EnglishQuestions.PartsQuestion,
        string.Join(' ', Enumerable.Repeat(english.TrimEnd('.').Split(' ')[0].ToLowerInvariant(), SceneObject.Cells)) + ".");

    /// <summary>Of a turn in either language.</summary>
    public static string KindOf(string question, string answer) =>
        question is ChineseQuestions.PartsQuestion or EnglishQuestions.PartsQuestion ? SceneQuestions.Parts
        : ChineseCategoryQuestions.Contains(question) || EnglishCategoryQuestions.Contains(question) ? Category
        : question.StartsWith("问题：", StringComparison.Ordinal) || question.StartsWith("Question: ", StringComparison.Ordinal) ? Choice
        : answer.StartsWith("这是表情符号“", StringComparison.Ordinal) || answer.StartsWith("This is the emoji “", StringComparison.Ordinal) ? Describe
        : Name;
}
