using System.Globalization;
using System.Text;

namespace Smvl.Evaluation;

/// <summary>Results as Markdown tables.</summary>
public static class EvaluationMarkdown
{
    private const string None = "–";

    /// <summary>A table of all figures, and one of categories for each task that has them.</summary>
    public static string Of(IReadOnlyList<EvaluationResult> results)
    {
        var text = new StringBuilder();
        text.Append("| task | questions | figure | score | 95 % | text only | pictures add | 95 % |\n|---|--:|---|--:|--:|--:|--:|--:|\n");
        foreach (EvaluationResult result in results)
        {
            foreach (Figure figure in result.Figures)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Cell(result.Task.Name)} | {result.Questions} | {figure.Name} | {Number(figure.With.Value)} | {Interval(figure.With)} | ");
                text.Append(CultureInfo.InvariantCulture, $"{Number(figure.TextOnly?.Value)} | {Signed(figure.Gain?.Value)} | {Interval(figure.Gain)} |\n");
            }
        }

        foreach (EvaluationResult result in results.Where(result => result.Categories.Count > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n| {Cell(result.Task.Name)} | questions | {result.Figures[0].Name} | text only |\n|---|--:|--:|--:|\n");
            foreach (CategoryScore category in result.Categories)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Cell(category.Name)} | {category.Questions} | {Number(category.With)} | {Number(category.TextOnly)} |\n");
            }
        }

        foreach (EvaluationResult result in results.Where(result => result.Skipped > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{result.Task.Name}: {result.Skipped} rows could not be used and were left out; the answers' file says why.\n");
        }

        return text.ToString();
    }

    internal static string Number(double? value) => value is { } number ? number.ToString("F1", CultureInfo.InvariantCulture) : None;

    internal static string Signed(double? value) => value is { } number ? number.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture) : None;

    internal static string Interval(Estimate? estimate) => estimate is { } known ? $"{Number(known.Low)} to {Number(known.High)}" : None;

    internal static string Cell(string text) => text.Replace("|", "\\|").ReplaceLineEndings(" ");
}
