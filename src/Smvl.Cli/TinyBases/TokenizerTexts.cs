namespace Smvl.Cli.TinyBases;

/// <summary>
/// Cuts Chinese texts into what a token may be at most. Qwen's split leaves a Chinese clause whole, and a tokenizer that learns from a
/// few thousand wordings would make whole questions, or a color with its shape, one token: the pairs that are held out would be spelt
/// otherwise than all others. So a word of the list is a token, any other character for itself; line breaks likewise.
/// </summary>
internal static class TokenizerTexts
{
    private static readonly string[] Words =
    [
        .. Enum.GetValues<SceneColor>().Select(ChineseQuestions.Name),
        .. Enum.GetValues<SceneShape>().Select(ChineseQuestions.Name),
        .. Enumerable.Range(0, SceneObject.Cells).Select(ChineseQuestions.Place),
        .. SceneGrid.Words,
        .. EmojiTexts.Categories.Select(category => " " + EmojiTexts.CategoryWord(category.Chinese)),
        .. EmojiTexts.Categories.SelectMany(category => category.Chinese.TrimEnd('。').Split('与')),
        "什么", "颜色", "形状", "哪里", "位置", "图中", "图形", "东西", "一共", "描述", "图片", "这张", "大的", "小的", "还是", "表情符号", "哪个", "哪一类",
        "类别", "属于", "这个", "这是", "相关", "关键词", "国家", "地区", "一个", "可以", "看到", "没有", "背景",
    ];

    // by their first character, the longest first
    private static readonly Dictionary<char, string[]> ByFirst = Words.Distinct().GroupBy(word => word[0])
        .ToDictionary(words => words.Key, words => words.OrderByDescending(word => word.Length).ToArray());

    /// <summary>The pieces of a text, in order.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            string? word = ByFirst.TryGetValue(text[at], out string[]? words)
                ? Array.Find(words, candidate => string.CompareOrdinal(text, at, candidate, 0, candidate.Length) == 0)
                : null;
            int length = word?.Length ?? (char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1);
            yield return word ?? text.Substring(at, length);
            at += length;
        }
    }
}
