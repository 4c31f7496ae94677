namespace Smvl.Evaluation;

/// <summary>The metrics that a task can name.</summary>
public static class Metric
{
    private const string Accuracy = "accuracy";

    private static readonly Dictionary<string, Func<EvaluationItem, string, double>> EachAnswer = new(StringComparer.Ordinal)
    {
        ["exact_match"] = (item, answer) => Right(ExactMatch.IsRight(answer, item.Expected)),
        ["vqa"] = (item, answer) => VqaAnswer.Accuracy(answer, item.Expected),
        ["relaxed"] = (item, answer) => Right(item.Expected.Any(expected => RelaxedAccuracy.IsRight(answer, expected))),
        ["anls"] = (item, answer) => Anls.Score(answer, item.Expected),
        ["choice"] = (item, answer) => Right(item.Expected.Contains(ChoiceLetters.Anywhere(answer, [.. item.Choices.Keys]))),
        ["choice_inferred"] = (item, answer) => Right(item.Expected.Contains(ChoiceLetters.Inferred(answer, item.Choices))),
        ["choice_leading"] = (item, answer) => Right(item.Expected.Contains(ChoiceLetters.Leading(answer, [.. item.Choices.Keys]))),
        ["choice_bare"] = (item, answer) => Right(item.Expected.Contains(ChoiceLetters.Bare(answer, [.. item.Choices.Keys]))),
        ["mmmu"] = (item, answer) => Right(item.Choices.Count > 0 ? item.Expected.Contains(ChoiceLetters.Mmmu(answer, item.Choices)) : OpenAnswer.IsRight(answer, item.Expected)),
        ["ocrbench"] = (item, answer) => Right(TextContainment.IsRight(answer, item.Expected, item.Kind == TextContainment.Formulas)),
        ["yes_no"] = (item, answer) => Right(YesNo.Bare(answer) == Expected(item)),
        ["mme"] = (item, answer) => Right(YesNo.Leading(answer) == Expected(item)),
    };

    private const string Caption = "caption";

    public static IReadOnlyList<string> Names { get; } = [.. EachAnswer.Keys, Caption];

    /// <summary>Whether a task of this metric has choices for every question.</summary>
    public static bool NeedsChoices(string metric) => metric.StartsWith("choice", StringComparison.Ordinal);

    /// <param name="task">which metric, and how it is averaged</param>
    /// <param name="items">the questions</param>
    /// <param name="answers">what was said to each</param>
    public static Scoring Score(EvaluationTask task, IReadOnlyList<EvaluationItem> items, IReadOnlyList<string> answers)
    {
        string[] trimmed = [.. answers.Select(answer => answer.Trim())];
        if (task.Metric == Caption)
        {
            return Captions(items, trimmed);
        }

        double[] scores = [.. items.Select((item, i) => EachAnswer[task.Metric](item, trimmed[i]))];
        IReadOnlyList<IReadOnlyList<int>> units =
            [.. Enumerable.Range(0, items.Count).GroupBy(i => items[i].Group, StringComparer.Ordinal).Select(group => (IReadOnlyList<int>)[.. group])];
        Statistic[] statistics = task.Metric switch
        {
            "mme" => MmeScores(items, scores, units),
            "yes_no" => PopeScores(items, trimmed, scores, units),
            _ => [Mean(task, items, scores, units)],
        };
        return new Scoring(scores, units, statistics);
    }

    private static Statistic Mean(EvaluationTask task, IReadOnlyList<EvaluationItem> items, double[] scores, IReadOnlyList<IReadOnlyList<int>> units)
    {
        bool circular = task.Circular != Circular.None;
        double[] values = [.. units.Select(unit => circular ? Right(unit.All(i => scores[i] == 1)) : unit.Average(i => scores[i]))];
        string name = task.Metric switch
        {
            "vqa" => "VQA accuracy",
            "relaxed" => "relaxed accuracy",
            "anls" => "ANLS",
            _ => circular ? "circular accuracy" : Accuracy,
        };
        return task.AverageOfCategories
            ? new Statistic($"{name}, mean of categories", chosen => chosen.GroupBy(u => items[units[u][0]].Category).Average(category => category.Average(u => values[u])))
            : new Statistic(name, chosen => chosen.Average(u => values[u]));
    }

    /// <summary>
    /// Accuracy plus accuracy+ (both questions of a picture right), in percent, summed over categories: 2000 for perception, 800 for
    /// cognition. Source: mme_aggregate_results in lmms-eval lmms_eval/tasks/mme/utils.py at 75571cf.
    /// </summary>
    private static Statistic[] MmeScores(IReadOnlyList<EvaluationItem> items, double[] scores, IReadOnlyList<IReadOnlyList<int>> units)
    {
        string[] cognition = ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"];
        double[] values = [.. units.Select(unit => 100 * (unit.Average(i => scores[i]) + Right(unit.All(i => scores[i] == 1))))];
        return
        [
            new Statistic("MME score", chosen => Sum(chosen, _ => true), Scale: 1),
            new Statistic("perception", chosen => Sum(chosen, category => !cognition.Contains(category)), Scale: 1),
            new Statistic("cognition", chosen => Sum(chosen, cognition.Contains), Scale: 1),
        ];

        double Sum(IReadOnlyList<int> chosen, Func<string, bool> counts) =>
            chosen.GroupBy(u => items[units[u][0]].Category).Where(category => counts(category.Key)).Sum(category => category.Average(u => values[u]));
    }

    /// <summary>Source: the aggregations in lmms-eval lmms_eval/tasks/pope/utils.py at 75571cf; the share of yes is of the answers, as in POPE's own scorer.</summary>
    private static Statistic[] PopeScores(IReadOnlyList<EvaluationItem> items, string[] answers, double[] scores, IReadOnlyList<IReadOnlyList<int>> units)
    {
        (string Given, string Right)[] said = [.. items.Select((item, i) => (YesNo.Bare(answers[i]), Expected(item)))];
        return
        [
            new Statistic(Accuracy, chosen => chosen.SelectMany(u => units[u]).Average(i => scores[i])),
            new Statistic("precision", Precision),
            new Statistic("recall", Recall),
            new Statistic("F1", chosen => Harmonic(Precision(chosen), Recall(chosen))),
            new Statistic("share of yes", chosen => chosen.SelectMany(u => units[u]).Average(i => Right(said[i].Given == YesNo.Yes))),
        ];

        double Precision(IReadOnlyList<int> chosen) => Share(chosen, (YesNo.Yes, YesNo.Yes), (YesNo.Yes, YesNo.No));
        double Recall(IReadOnlyList<int> chosen) => Share(chosen, (YesNo.Yes, YesNo.Yes), (YesNo.No, YesNo.Yes));

        double Share(IReadOnlyList<int> chosen, (string, string) hit, (string, string) miss)
        {
            int hits = Count(chosen, hit), all = hits + Count(chosen, miss);
            return all == 0 ? 0 : (double)hits / all;
        }

        int Count(IReadOnlyList<int> chosen, (string, string) pair) => chosen.SelectMany(u => units[u]).Count(i => said[i] == pair);

        static double Harmonic(double a, double b) => a + b == 0 ? 0 : 2 * a * b / (a + b);
    }

    private static Scoring Captions(IReadOnlyList<EvaluationItem> items, string[] answers)
    {
        string[][] captions = [.. answers.Select(CaptionWords.Of)];
        IReadOnlyList<string[]>[] references = [.. items.Select(item => (IReadOnlyList<string[]>)[.. item.Expected.Select(CaptionWords.Of)])];
        double[] cider = Cider.Scores(captions, references);
        Bleu.Counts[] counts = [.. captions.Select((caption, i) => Bleu.Count(caption, references[i]))];
        return new Scoring(
            [.. cider.Select(score => score / 10)],
            [.. Enumerable.Range(0, items.Count).Select(i => (IReadOnlyList<int>)[i])],
            [new Statistic("CIDEr", chosen => chosen.Average(i => cider[i])), new Statistic("BLEU-4", chosen => BleuOf(chosen, counts))]);
    }

    private static double BleuOf(IReadOnlyList<int> chosen, Bleu.Counts[] counts)
    {
        Bleu bleu = new();
        foreach (int i in chosen)
        {
            bleu.Add(counts[i]);
        }

        return bleu.Scores()[^1];
    }

    private static string Expected(EvaluationItem item) => item.Expected[0].Trim().TrimEnd('.').ToLowerInvariant();

    private static double Right(bool right) => right ? 1 : 0;
}
