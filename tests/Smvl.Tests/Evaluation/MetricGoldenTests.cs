using System.Text.Json;
using Smvl.Evaluation;

namespace Smvl.Tests.Evaluation;

/// <summary>Every metric against what the field's own scorers made of the same answers: scripts/make_metric_goldens.py ran them.</summary>
public sealed class MetricGoldenTests
{
    private const double Near = 1e-9;

    private static readonly JsonElement Golden = Tests.Golden.Json("evaluation", "metrics.json");

    private static readonly Dictionary<string, string> Options = new() { ["A"] = "apple", ["B"] = "pear", ["C"] = "banana", ["D"] = "dog" };

    private static readonly string[] Letters = [.. Options.Keys];

    [Fact]
    public void VqaAnswersAreNormalisedAsTheChallengeDoes() => Each("vqa_normalise", row => Assert.Equal(Text(row[1]), VqaAnswer.Normalise(Text(row[0]))));

    [Fact]
    public void VqaAccuracyIsThatOfTextVqa() => Each("vqa_accuracy", row => Assert.Equal(row[2].GetDouble(), VqaAnswer.Accuracy(Text(row[0]), Texts(row[1])), Near));

    [Fact]
    public void RelaxedAccuracyIsThatOfChartQa() => Each("relaxed", row => Equal(row, row[2].GetBoolean(), RelaxedAccuracy.IsRight(Text(row[0]), Text(row[1]))));

    [Fact]
    public void AnlsIsThatOfLmmsEval() => Each("anls", row => Assert.Equal(row[2].GetDouble(), Anls.Score(Text(row[0]), Texts(row[1])), Near));

    [Fact]
    public void LettersAreExtractedAsByLmmsEval() => Each("choice", row => Equal(row, Text(row[1]), ChoiceLetters.Anywhere(Text(row[0]), Letters) ?? ""));

    [Fact]
    public void LettersAreInferredAsByVlmEvalKit() => Each("choice_inferred", row => Equal(row, Text(row[1]), ChoiceLetters.Inferred(Text(row[0]), Options) ?? ""));

    [Fact]
    public void BareLettersAreThoseOfScienceQa() => Each("choice_bare", row => Equal(row, Text(row[1]), ChoiceLetters.Bare(Text(row[0]), Letters) ?? ""));

    [Fact]
    public void MmmuLettersAreThoseOfItsScorer() => Each("mmmu_choice", row => Equal(row, Text(row[1]), ChoiceLetters.Mmmu(Text(row[0]), Options) ?? ""));

    [Fact]
    public void MmmuOpenAnswersAreReadAsByItsScorer() => Each("mmmu_open", row => Equal(row, row[2].GetBoolean(), OpenAnswer.IsRight(Text(row[0]), [Text(row[1])])));

    [Fact]
    public void OcrBenchFoldsAsLmmsEvalDoes() =>
        Each("ocrbench", row => Equal(row, row[3].GetInt32() == 1, TextContainment.IsRight(Text(row[0]), Texts(row[1]), Text(row[2]) == TextContainment.Formulas)));

    [Fact]
    public void MmeReadsYesAndNoAsLmmsEvalDoes() => Each("mme_parse", row => Equal(row, Text(row[1]), YesNo.Leading(Text(row[0]))));

    [Fact]
    public void PopeHasItsFiguresAndCategories()
    {
        JsonElement golden = Golden.GetProperty("pope");
        JsonElement[] said = [.. golden.GetProperty("said").EnumerateArray()];
        Scoring scoring = Score("yes_no", said.Select((pair, i) => (Item($"{i}", expected: Text(pair[1])), Text(pair[0]))));
        foreach ((string name, string key) in ((string, string)[])[("accuracy", "accuracy"), ("precision", "precision"), ("recall", "recall"), ("F1", "f1_score")])
        {
            Assert.Equal(golden.GetProperty(key).GetDouble(), Figure(scoring, name), Near);
        }

        Assert.Equal(4 / 10.0, Figure(scoring, "share of yes"), Near);
    }

    [Fact]
    public void MmeSumsAccuracyAndPairs()
    {
        JsonElement golden = Golden.GetProperty("mme");
        Scoring scoring = Score("mme", golden.GetProperty("rows").EnumerateArray().Select((row, i) =>
            (Item($"{i}", expected: "Yes") with { Category = Text(row[0]), Group = $"{row[0]}/{row[1]}" }, row[2].GetDouble() == 1 ? "yes" : "no")));
        Assert.Equal(golden.GetProperty("perception").GetDouble(), Figure(scoring, "perception"), Near);
        Assert.Equal(golden.GetProperty("cognition").GetDouble(), Figure(scoring, "cognition"), Near);
    }

    [Fact]
    public void CiderAndBleuAreThoseOfCocosEvaluation()
    {
        JsonElement golden = Golden.GetProperty("captions");
        (string Caption, string[] References)[] captions = [.. golden.GetProperty("captions").EnumerateArray().Select(pair => (Text(pair[0]), Texts(pair[1])))];
        double[] each = Cider.Scores([.. captions.Select(pair => pair.Caption.Split(' '))], [.. captions.Select(pair => (IReadOnlyList<string[]>)[.. pair.References.Select(r => r.Split(' '))])]);
        foreach ((double expected, double actual) in golden.GetProperty("cider_each").EnumerateArray().Select(score => score.GetDouble()).Zip(each))
        {
            Assert.Equal(expected, actual, Near);
        }

        Bleu bleu = new();
        foreach ((string caption, string[] references) in captions)
        {
            bleu.Add(Bleu.Count(caption.Split(' '), [.. references.Select(r => r.Split(' '))]));
        }

        Assert.All(golden.GetProperty("bleu").EnumerateArray().Zip(bleu.Scores()), pair => Assert.Equal(pair.First.GetDouble(), pair.Second, Near));
        Scoring scoring = Score("caption", captions.Select((pair, i) => (Item($"{i}", pair.References), pair.Caption)));
        Assert.Equal(golden.GetProperty("cider").GetDouble(), Figure(scoring, "CIDEr"), Near);
    }

    /// <summary>Papineni et al., "BLEU", section 2.1: seven times "the", of which a reference has two.</summary>
    [Fact]
    public void BleuClipsAsInItsPaper()
    {
        Bleu.Counts counts = Bleu.Count("the the the the the the the".Split(' '), ["the cat is on the mat".Split(' '), "there is a cat on the mat".Split(' ')]);
        Assert.Equal(2, counts.Correct[0]);
        Assert.Equal(7, counts.Guesses[0]);
    }

    private static Scoring Score(string metric, IEnumerable<(EvaluationItem Item, string Answer)> said)
    {
        (EvaluationItem Item, string Answer)[] all = [.. said];
        return Metric.Score(new EvaluationTask { Name = "t", Text = "", Data = ".", Metric = metric }, [.. all.Select(one => one.Item)], [.. all.Select(one => one.Answer)]);
    }

    private static double Figure(Scoring scoring, string name) =>
        scoring.Statistics.Single(statistic => statistic.Name == name).Of([.. Enumerable.Range(0, scoring.Units.Count)]);

    private static EvaluationItem Item(string id, params string[] expected) =>
        new(0, "", id, "", [], expected, new Dictionary<string, string>(), "", id, "");

    private static void Each(string key, Action<JsonElement> check)
    {
        JsonElement[] rows = [.. Golden.GetProperty(key).EnumerateArray()];
        Assert.NotEmpty(rows);
        Assert.All(rows, check);
    }

    private static void Equal<T>(JsonElement row, T expected, T actual) => Assert.True(EqualityComparer<T>.Default.Equals(expected, actual), $"{row}: {actual}");

    private static string Text(JsonElement text) => text.GetString()!;

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(Text)];
}
