namespace Smvl.Evaluation;

/// <summary>What a difference between two models means.</summary>
public enum ComparisonVerdict
{
    /// <summary>The interval of the difference holds 0: these questions do not tell the models apart.</summary>
    NoDifference,

    /// <summary>The second model is better, and 95 % of resampled questions say so.</summary>
    Better,

    /// <summary>The second model is worse.</summary>
    Worse,
}

/// <summary>One figure of two models over the same units.</summary>
/// <param name="Name">task and figure, or the check</param>
/// <param name="Units">questions, groups of questions, or pieces of text</param>
/// <param name="First">of the first model</param>
/// <param name="Second">of the second</param>
/// <param name="Difference">second minus first, resampled pair by pair</param>
/// <param name="Verdict">what it means</param>
public sealed record ComparedFigure(string Name, int Units, Estimate First, Estimate Second, Estimate Difference, ComparisonVerdict Verdict)
{
    /// <param name="name">what tables call it</param>
    /// <param name="units">how many there are</param>
    /// <param name="first">of units, by their numbers</param>
    /// <param name="second">the same of the other model</param>
    /// <param name="scale">what tables multiply it by</param>
    /// <param name="lowerIsBetter">as for perplexities</param>
    /// <param name="seed">of the resampling</param>
    internal static ComparedFigure Of(
        string name, int units, Func<IReadOnlyList<int>, double> first, Func<IReadOnlyList<int>, double> second, double scale, bool lowerIsBetter, ulong seed)
    {
        Estimate difference = Estimate.Of(chosen => second(chosen) - first(chosen), units, seed).Times(scale);
        bool up = difference.Low > 0, down = difference.High < 0;
        ComparisonVerdict verdict = !up && !down ? ComparisonVerdict.NoDifference : up != lowerIsBetter ? ComparisonVerdict.Better : ComparisonVerdict.Worse;
        return new ComparedFigure(name, units, Estimate.Of(first, units, seed).Times(scale), Estimate.Of(second, units, seed).Times(scale), difference, verdict);
    }
}

/// <summary>A question, and what both models said to it.</summary>
public sealed record ComparedAnswer(AnswerRecord First, AnswerRecord Second);

/// <summary>Two models on one task.</summary>
/// <param name="Task">what was asked</param>
/// <param name="Figures">the first is the score</param>
/// <param name="Answers">of the questions that both were asked</param>
public sealed record TaskComparison(EvaluationTask Task, IReadOnlyList<ComparedFigure> Figures, IReadOnlyList<ComparedAnswer> Answers)
{
    /// <param name="first">of a task</param>
    /// <param name="second">of the same task by another model</param>
    /// <param name="seed">of the resampling</param>
    /// <exception cref="SmvlException">no question was answered by both</exception>
    public static TaskComparison Of(EvaluationResult first, EvaluationResult second, ulong seed)
    {
        Dictionary<(int, string), AnswerRecord> others = second.Records.Where(record => record.Answer is not null).ToDictionary(record => (record.Item.Row, record.Item.Id));
        ComparedAnswer[] pairs =
        [
            .. first.Records.Where(record => record.Answer is not null && others.ContainsKey((record.Item.Row, record.Item.Id)))
                .Select(record => new ComparedAnswer(record, others[(record.Item.Row, record.Item.Id)])),
        ];
        if (pairs.Length == 0)
        {
            throw new SmvlException($"no question of task {first.Task.Name} was answered by both models", first.Task.Name);
        }

        EvaluationItem[] items = [.. pairs.Select(pair => pair.First.Item)];
        Scoring one = Metric.Score(first.Task, items, [.. pairs.Select(pair => pair.First.Answer!)]);
        Scoring two = Metric.Score(first.Task, items, [.. pairs.Select(pair => pair.Second.Answer!)]);
        return new TaskComparison(
            first.Task,
            [
                .. one.Statistics.Zip(two.Statistics, (a, b) => ComparedFigure.Of(
                    one.Statistics.Count == 1 ? first.Task.Name : $"{first.Task.Name}, {a.Name}", one.Units.Count, a.Of, b.Of, a.Scale, lowerIsBetter: false, seed)),
            ],
            pairs);
    }
}
