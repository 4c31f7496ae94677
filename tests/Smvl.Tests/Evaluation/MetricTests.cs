using Smvl.Evaluation;

namespace Smvl.Tests.Evaluation;

/// <summary>What the metrics promise beyond the scorers' cases: papers' rules, and answers in Chinese.</summary>
public sealed class MetricTests
{
    [Theory]
    [InlineData("Blue.", "blue", true), InlineData("蓝色。", "蓝色", true), InlineData("ＡＢＣ", "abc", true), InlineData("light blue", "blue", false), InlineData("$5", "5", true)]
    public void ExactMatchLeavesOutCasePunctuationAndWidth(string answer, string expected, bool right) => Assert.Equal(right, ExactMatch.IsRight(answer, [expected]));

    /// <summary>AI2D in lmms-eval: a letter and a full stop at the beginning, else the letter alone.</summary>
    [Theory]
    [InlineData("B", "B"), InlineData("b", "B"), InlineData("(B)", "B"), InlineData("  B. dog", "B"), InlineData("dog", null), InlineData("B dog", null)]
    public void LeadingLetters(string answer, string? letter) => Assert.Equal(letter, ChoiceLetters.Leading(answer, ["A", "B", "C"]));

    /// <summary>Treebank tokens of English, as Stanford's PTBTokenizer documents them, without COCO's punctuation; Chinese by character.</summary>
    [Theory]
    [InlineData("A man's dog doesn't run, it sits.", "a man 's dog does n't run it sits")]
    [InlineData("Two well-known U.S.A. signs -- 3.5 miles!", "two well-known u.s.a. signs 3.5 miles")]
    [InlineData("两只猫在沙发上。", "两 只 猫 在 沙 发 上")]
    public void CaptionsBecomeWords(string caption, string words) => Assert.Equal(words, string.Join(' ', CaptionWords.Of(caption)));

    /// <summary>MMBench, section 4.3: a question is solved when all its rotations are.</summary>
    [Fact]
    public void CircularEvaluationNeedsEveryRotation()
    {
        Dictionary<string, string> choices = new() { ["A"] = "red", ["B"] = "blue" };
        EvaluationItem Item(string id, string group, string right) => new(0, "", id, "", [], [right], choices, "color", group, "");
        EvaluationItem[] items = [Item("1", "1", "A"), Item("1000001", "1", "B"), Item("2", "2", "A"), Item("1000002", "2", "B")];
        EvaluationTask task = new() { Name = "t", Text = "", Data = ".", Metric = "choice_inferred", Circular = Circular.File };
        Scoring scoring = Metric.Score(task, items, ["A", "B", "A", "A"]);
        Assert.Equal([1, 1, 1, 0], scoring.Scores);
        Assert.Equal(0.5, scoring.Statistics[0].Of([0, 1]));
    }

    [Fact]
    public void AMeanOfCategoriesWeighsThemAlike()
    {
        EvaluationItem Item(string id, string category) => new(0, "", id, "", [], ["x"], new Dictionary<string, string>(), category, id, "");
        EvaluationTask task = new() { Name = "t", Text = "", Data = ".", Metric = "exact_match", AverageOfCategories = true };
        Scoring scoring = Metric.Score(task, [Item("1", "a"), Item("2", "a"), Item("3", "a"), Item("4", "b")], ["x", "x", "y", "y"]);
        Assert.Equal((2.0 / 3) / 2, scoring.Statistics[0].Of([0, 1, 2, 3]), 1e-12);
    }

    /// <summary>Of a share p of n questions, the interval is about p ± 1.96 sqrt(p (1 - p) / n).</summary>
    [Fact]
    public void TheBootstrapsIntervalIsThatOfAShare()
    {
        const int Count = 400, Right = 120;
        const double Share = (double)Right / Count;
        (double low, double high) = Bootstrap.Interval(Count, chosen => chosen.Average(i => i < Right ? 1.0 : 0), seed: 0);
        double reach = 1.96 * Math.Sqrt(Share * (1 - Share) / Count);
        Assert.Equal(Share - reach, low, 0.01);
        Assert.Equal(Share + reach, high, 0.01);
        Assert.Equal((low, high), Bootstrap.Interval(Count, chosen => chosen.Average(i => i < Right ? 1.0 : 0), seed: 0));
    }

    [Theory]
    [InlineData("你好吗？", "我很好，谢谢 you", true), InlineData("你好吗？", "I am fine", false), InlineData("How are you?", "Fine, thank you, 谢谢", true), InlineData("How are you?", "123", false)]
    public void AnswersAreInTheQuestionsLanguage(string question, string answer, bool same) => Assert.Equal(same, LanguageChecks.InLanguageOf(question, answer));

    [Theory]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"北京\"}}\n</tool_call>", true)]
    [InlineData("<tool_call>\n{\"name\": \"get_wether\", \"arguments\": {}}\n</tool_call>", false)]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\"}\n</tool_call>", false)]
    [InlineData("<tool_call>\nget_weather(北京)\n</tool_call>", false)]
    [InlineData("{\"name\": \"get_weather\", \"arguments\": {}}", false)]
    public void ToolCallsHaveTheTemplatesForm(string answer, bool kept) => Assert.Equal(kept, LanguageChecks.IsToolCall(answer, "get_weather"));
}
