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

    /// <summary>Of a turn in either language.</summary>
    public static string KindOf(string question, string answer) =>
        ChineseCategoryQuestions.Contains(question) || EnglishCategoryQuestions.Contains(question) ? Category
        : question.StartsWith("问题：", StringComparison.Ordinal) || question.StartsWith("Question: ", StringComparison.Ordinal) ? Choice
        : answer.StartsWith("这是表情符号“", StringComparison.Ordinal) || answer.StartsWith("This is the emoji “", StringComparison.Ordinal) ? Describe
        : Name;
}
