using System.Globalization;
using System.Text;
using Smvl.Evaluation;

namespace Smvl.Cli.Reports;

/// <summary>The page of <c>smvl eval --html</c>: scores as a chart and as tables, and pictures with their answers, wrong ones first.</summary>
internal static class EvaluationReport
{
    /// <param name="path">the file, which appears whole or not at all</param>
    /// <param name="results">of one model, at least one</param>
    /// <param name="data">another place for the only task's data</param>
    public static void Write(string path, IReadOnlyList<EvaluationResult> results, string? data) => HtmlPage.Write(path, Html(results, data));

    public static string Html(IReadOnlyList<EvaluationResult> results, string? data)
    {
        var page = new StringBuilder(HtmlPage.Head($"{results[0].Model}: {string.Join(", ", results.Select(result => result.Task.Name))}"));
        bool textOnly = results.All(result => result.Figures[0].TextOnly is not null);
        page.Append(HtmlPage.Soft("Bars are scores, lines the 95 % interval over questions (bootstrap). Text only: the same questions without their pictures."));
        page.Append(BarChart.Svg(
            [.. results.SelectMany(result => result.Figures.Select((figure, i) => new Bars(i == 0 ? result.Task.Name : $"{result.Task.Name}, {figure.Name}", figure.With, figure.TextOnly)))],
            "with the pictures", textOnly ? "text only" : null));
        page.Append(HtmlPage.Table(
            ["task", "questions", "figure", "score", "95 %", "text only", "pictures add", "95 %"],
            results.SelectMany(result => result.Figures.Select(figure => (IReadOnlyList<string>)
            [
                result.Task.Name, result.Questions.ToString(CultureInfo.InvariantCulture), figure.Name, EvaluationMarkdown.Number(figure.With.Value),
                EvaluationMarkdown.Interval(figure.With), EvaluationMarkdown.Number(figure.TextOnly?.Value), EvaluationMarkdown.Signed(figure.Gain?.Value),
                EvaluationMarkdown.Interval(figure.Gain),
            ]))));
        foreach (EvaluationResult result in results)
        {
            WriteTask(page, result, data);
        }

        return page.Append(HtmlPage.Foot).ToString();
    }

    private static void WriteTask(StringBuilder page, EvaluationResult result, string? data)
    {
        page.Append(HtmlPage.Heading(result.Task.Name)).Append(HtmlPage.Soft(result.Task.Description));
        if (result.Skipped > 0)
        {
            page.Append(HtmlPage.Paragraph($"{result.Skipped} rows could not be used and were left out."));
        }

        if (result.Categories.Count > 0)
        {
            page.Append(BarChart.Svg(
                [.. result.Categories.Select(category => new Bars(
                    $"{category.Name} ({category.Questions})", Point(category.With), category.TextOnly is { } textOnly ? Point(textOnly) : null))],
                result.Figures[0].Name, result.Categories[0].TextOnly is null ? null : "text only"));
        }

        AnswerRecord[] shown = [.. result.Records.Where(record => record.Answer is not null).OrderBy(record => record.Score).Take(Gallery.MostQuestions)];
        page.Append(HtmlPage.Soft($"{shown.Length} of {result.Questions} questions, wrong ones first"));
        Gallery.Write(page, result.Task, data, [.. shown.Select(record => (record, Answers(record)))]);
    }

    private static IReadOnlyList<GivenAnswer> Answers(AnswerRecord record) => record.TextOnly is null || record.PictureCount == 0
        ? [new("answer", record.Answer!, record.Score)]
        : [new("answer", record.Answer!, record.Score), new("text only", record.TextOnly, record.TextOnlyScore)];

    private static Estimate Point(double value) => new(value, value, value);
}
