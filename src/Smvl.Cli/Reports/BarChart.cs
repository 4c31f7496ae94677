using System.Globalization;
using System.Text;
using Smvl.Cli.Demo;
using Smvl.Evaluation;

namespace Smvl.Cli.Reports;

/// <summary>One group of bars.</summary>
/// <param name="Label">what stands beside it</param>
/// <param name="First">the upper bar</param>
/// <param name="Second">the lower bar; null for none</param>
internal sealed record Bars(string Label, Estimate First, Estimate? Second);

/// <summary>Scores as bars with their 95 % intervals, as an SVG picture in the colors of the page around it.</summary>
internal static class BarChart
{
    private const double Width = 720, Left = 210, Right = 70, Thick = 13, Gap = 4, Apart = 14, Top = 26;

    /// <param name="groups">at least one</param>
    /// <param name="first">what the upper bars are</param>
    /// <param name="second">what the lower bars are; null where there are none</param>
    public static string Svg(IReadOnlyList<Bars> groups, string first, string? second)
    {
        double most = groups.Max(group => Math.Max(group.First.High, group.Second?.High ?? 0));
        double limit = most <= 100 ? 100 : most;
        double each = (second is null ? Thick : (2 * Thick) + Gap) + Apart, height = Top + (groups.Count * each);
        var svg = new StringBuilder();
        svg.Append(Invariant($"""<svg viewBox="0 0 {Width} {height}" role="img" aria-label="scores with 95 % intervals" xmlns="http://www.w3.org/2000/svg">"""));
        svg.Append(Invariant($"""<rect class="bar" x="{Left}" y="4" width="12" height="12"/><text x="{Left + 18}" y="14">{HtmlText.Escape(first)}</text>"""));
        if (second is not null)
        {
            svg.Append(Invariant($"""<rect class="bar other" x="{Left + 200}" y="4" width="12" height="12"/><text x="{Left + 218}" y="14">{HtmlText.Escape(second)}</text>"""));
        }

        for (int i = 0; i < groups.Count; i++)
        {
            double y = Top + (i * each);
            svg.Append(Invariant($"""<text class="label" x="{Left - 8}" y="{y + 11:F1}" text-anchor="end">{HtmlText.Escape(Short(groups[i].Label))}</text>"""));
            svg.Append(Bar("bar", groups[i].First, y));
            if (groups[i].Second is { } other)
            {
                svg.Append(Bar("bar other", other, y + Thick + Gap));
            }
        }

        return svg.Append("</svg>\n").ToString();

        double X(double value) => Left + ((Width - Left - Right) * Math.Clamp(value / limit, 0, 1));

        string Bar(string name, Estimate value, double y) =>
            Invariant($"""<rect class="{name}" x="{Left}" y="{y:F1}" width="{X(value.Value) - Left:F1}" height="{Thick}"/>""")
            + (value.High > value.Low ? Invariant($"""<line class="reach" x1="{X(value.Low):F1}" y1="{y + (Thick / 2):F1}" x2="{X(value.High):F1}" y2="{y + (Thick / 2):F1}"/>""") : "")
            + Invariant($"""<text x="{Math.Max(X(value.High), X(value.Value)) + 6:F1}" y="{y + 11:F1}">{value.Value:F1}</text>""");
    }

    private static string Short(string label) => label.Length <= 32 ? label : label[..31] + "…";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
