using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>What is known of one emoji in Chinese.</summary>
/// <param name="Name">without the full stop; null where nobody asks for it</param>
/// <param name="NameQuestion">as the data asks for it</param>
/// <param name="Category">with the full stop, as answers have it; null where it is not known</param>
/// <param name="Keywords">two to four; none where nobody describes it</param>
/// <param name="DescribeQuestion">as the data asks for a description</param>
internal sealed record EmojiFacts(string? Name, string NameQuestion, string? Category, IReadOnlyList<string> Keywords, string DescribeQuestion)
{
    private const string Head = "这是表情符号“", Middle = "”，相关的关键词有：", Between = "、", End = "。";

    /// <param name="turns">a row of emoji_zh</param>
    public static EmojiFacts Read(IReadOnlyList<CauldronTurn?> turns)
    {
        string? name = null, nameQuestion = "", category = null, describeQuestion = "";
        string[] keywords = [];
        foreach (CauldronTurn? turn in turns)
        {
            if (turn is not { User: { } question, Assistant: { } answer })
            {
                continue;
            }

            switch (EmojiTexts.KindOf(question, answer))
            {
                case EmojiTexts.Name:
                    (name, nameQuestion) = (answer.TrimEnd('。'), question);
                    break;
                case EmojiTexts.Category:
                    category = answer;
                    break;
                case EmojiTexts.Describe when answer.Split(Middle) is [var head, var tail]:
                    (name, describeQuestion) = (name ?? head[Head.Length..], question);
                    keywords = tail[..^End.Length].Split(Between);
                    break;
            }
        }

        return new EmojiFacts(name, nameQuestion, category, keywords, describeQuestion);
    }

    /// <summary>The answer that describes it, with the keywords in the order in which they were told.</summary>
    public string Description(IEnumerable<string> keywords) => Head + Name + Middle + string.Join(Between, keywords) + End;
}
