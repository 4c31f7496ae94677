using System.Text;
using Smvl.Evaluation;

namespace Smvl.Cli.Reports;

/// <summary>The page of <c>smvl compare --html</c>: the table, a chart, and pictures where the models' answers differ most.</summary>
internal static class ComparisonReport
{
    /// <param name="path">the file, which appears whole or not at all</param>
    /// <param name="names">of both models</param>
    /// <param name="figures">all of them</param>
    /// <param name="tasks">with answers</param>
    /// <param name="data">another place for the only task's data</param>
    public static void Write(string path, IReadOnlyList<string> names, IReadOnlyList<ComparedFigure> figures, IReadOnlyList<TaskComparison> tasks, string? data) =>
        HtmlPage.Write(path, Html(names, figures, tasks, data));

    public static string Html(IReadOnlyList<string> names, IReadOnlyList<ComparedFigure> figures, IReadOnlyList<TaskComparison> tasks, string? data)
    {
        var page = new StringBuilder(HtmlPage.Head($"{names[0]} and {names[1]}"));
        page.Append(HtmlPage.Soft($"A is {names[0]}, B is {names[1]}. A verdict is given where the 95 % interval of the difference, question by question, leaves out 0."));
        page.Append(BarChart.Svg([.. figures.Select(figure => new Bars(figure.Name, figure.First, figure.Second))], $"A: {names[0]}", $"B: {names[1]}"));
        page.Append(HtmlPage.Table(ComparisonText.Columns, figures.Select(ComparisonText.Cells)));
        foreach (TaskComparison task in tasks)
        {
            ComparedAnswer[] shown = [.. task.Answers.OrderBy(Gain).ThenBy(pair => pair.Second.Score).Take(Gallery.MostQuestions)];
            page.Append(HtmlPage.Heading(task.Task.Name)).Append(HtmlPage.Soft($"{shown.Length} of {task.Answers.Count} questions, those that B lost first"));
            Gallery.Write(page, task.Task, data, [.. shown.Select(pair => (pair.First, Answers(pair)))]);
        }

        return page.Append(HtmlPage.Foot).ToString();
    }

    private static double Gain(ComparedAnswer pair) => (pair.Second.Score ?? 0) - (pair.First.Score ?? 0);

    private static IReadOnlyList<GivenAnswer> Answers(ComparedAnswer pair) =>
        [new("A", pair.First.Answer!, pair.First.Score), new("B", pair.Second.Answer!, pair.Second.Score)];
}
