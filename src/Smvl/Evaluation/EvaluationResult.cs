namespace Smvl.Evaluation;

/// <summary>A figure and the interval that holds 95 % of what other questions of the same kind would have given.</summary>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <param name="statistic">of units</param>
    /// <param name="units">how many there are</param>
    /// <param name="seed">of the resampling</param>
    internal static Estimate Of(Func<IReadOnlyList<int>, double> statistic, int units, ulong seed)
    {
        (double low, double high) = Bootstrap.Interval(units, statistic, seed);
        return new Estimate(statistic([.. Enumerable.Range(0, units)]), low, high);
    }

    public Estimate Times(double scale) => new(Value * scale, Low * scale, High * scale);
}

/// <summary>One figure of a task.</summary>
/// <param name="Name">what it is called</param>
/// <param name="With">with the pictures</param>
/// <param name="TextOnly">without; null where nobody asked</param>
/// <param name="Gain">how much the pictures add, question by question; null likewise</param>
public sealed record Figure(string Name, Estimate With, Estimate? TextOnly, Estimate? Gain);

/// <summary>The score on a part of the questions.</summary>
public sealed record CategoryScore(string Name, int Questions, double With, double? TextOnly);

/// <summary>What became of a task; figures are as tables show them, shares in percent.</summary>
/// <param name="Task">what was asked</param>
/// <param name="Model">who was asked</param>
/// <param name="Figures">the first is the score</param>
/// <param name="Categories">in the order in which they appear; empty where there are none</param>
/// <param name="Records">every row, with scores</param>
/// <param name="Seconds">this call took; an earlier one may have done a part</param>
public sealed record EvaluationResult(
    EvaluationTask Task, string Model, IReadOnlyList<Figure> Figures, IReadOnlyList<CategoryScore> Categories, IReadOnlyList<AnswerRecord> Records,
    double Seconds)
{
    public int Questions => Records.Count(record => record.Answer is not null);

    /// <summary>Rows that could not be used.</summary>
    public int Skipped => Records.Count(record => record.Problem is not null);

    /// <exception cref="SmvlException">no question was answered</exception>
    internal static EvaluationResult Of(EvaluationTask task, string model, IReadOnlyList<AnswerRecord> records, ulong seed, double seconds)
    {
        AnswerRecord[] answered = [.. records.Where(record => record.Answer is not null)];
        if (answered.Length == 0)
        {
            throw new SmvlException($"no question of task {task.Name} could be asked", records.Count > 0 ? records[0].Item.Where : null, actual: records.Count > 0 ? records[0].Problem : "no rows");
        }

        EvaluationItem[] items = [.. answered.Select(record => record.Item)];
        Scoring with = Metric.Score(task, items, [.. answered.Select(record => record.Answer!)]);
        Scoring? without = answered.All(record => record.TextOnly is not null) ? Metric.Score(task, items, [.. answered.Select(record => record.TextOnly!)]) : null;
        Dictionary<AnswerRecord, int> places = answered.Index().ToDictionary(pair => pair.Item, pair => pair.Index, (IEqualityComparer<AnswerRecord>)ReferenceEqualityComparer.Instance);
        return new EvaluationResult(
            task, model,
            [.. with.Statistics.Select((statistic, i) => FigureOf(statistic, without?.Statistics[i], with.Units.Count, seed))],
            Categorise(items, with, without),
            [.. records.Select(record => places.TryGetValue(record, out int place) ? record with { Score = with.Scores[place], TextOnlyScore = without?.Scores[place] } : record)],
            seconds);
    }

    private static Figure FigureOf(Statistic with, Statistic? without, int units, ulong seed) => new(
        with.Name,
        Estimate.Of(with.Of, units, seed).Times(with.Scale),
        without is null ? null : Estimate.Of(without.Of, units, seed).Times(with.Scale),
        without is null ? null : Estimate.Of(chosen => with.Of(chosen) - without.Of(chosen), units, seed).Times(with.Scale));

    private static CategoryScore[] Categorise(EvaluationItem[] items, Scoring with, Scoring? without)
    {
        IGrouping<string, int>[] categories = [.. Enumerable.Range(0, with.Units.Count).GroupBy(unit => items[with.Units[unit][0]].Category)];
        Statistic score = with.Statistics[0];
        return categories is [{ Key: "" }] ? [] :
        [
            .. categories.Select(category =>
            {
                int[] units = [.. category];
                return new CategoryScore(
                    category.Key, units.Sum(unit => with.Units[unit].Count), score.Of(units) * score.Scale, without?.Statistics[0].Of(units) * score.Scale);
            }),
        ];
    }
}
