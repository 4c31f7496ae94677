using System.Globalization;
using System.Text;
using Smvl.Evaluation;

namespace Smvl.Cli;

/// <summary>What <c>smvl compare</c> says.</summary>
internal static class ComparisonText
{
    public static readonly string[] Columns = ["", "units", "A", "B", "difference", "95 %", "verdict on B"];

    public static string Markdown(IReadOnlyList<string> names, IReadOnlyList<ComparedFigure> figures)
    {
        var text = new StringBuilder($"A: {names[0]}, B: {names[1]}\n\n");
        text.Append($"| {string.Join(" | ", Columns)} |\n|---|--:|--:|--:|--:|--:|---|\n");
        foreach (ComparedFigure figure in figures)
        {
            text.Append($"| {string.Join(" | ", Cells(figure))} |\n");
        }

        return text.ToString();
    }

    public static IReadOnlyList<string> Cells(ComparedFigure figure) =>
    [
        figure.Name, figure.Units.ToString(CultureInfo.InvariantCulture), EvaluationMarkdown.Number(figure.First.Value), EvaluationMarkdown.Number(figure.Second.Value),
        EvaluationMarkdown.Signed(figure.Difference.Value), EvaluationMarkdown.Interval(figure.Difference), Verdict(figure.Verdict),
    ];

    public static string Json(IReadOnlyList<string> names, IReadOnlyList<ComparedFigure> figures) => EvaluationJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("a", names[0]);
        json.WriteString("b", names[1]);
        json.WriteStartArray("figures");
        foreach (ComparedFigure figure in figures)
        {
            json.WriteStartObject();
            json.WriteString("name", figure.Name);
            json.WriteNumber("units", figure.Units);
            EvaluationJson.WriteEstimate(json, "a", figure.First);
            EvaluationJson.WriteEstimate(json, "b", figure.Second);
            EvaluationJson.WriteEstimate(json, "difference", figure.Difference);
            json.WriteString("verdict", Verdict(figure.Verdict));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Verdict(ComparisonVerdict verdict) => verdict switch
    {
        ComparisonVerdict.Better => "better",
        ComparisonVerdict.Worse => "worse",
        _ => "no difference seen",
    };
}
