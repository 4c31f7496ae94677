using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Smvl.Benchmarks;
using Smvl.Cli.Reports;
using Smvl.Formats;

namespace Smvl.Cli.Demo;

/// <summary>
/// The demo's report: one HTML file that needs nothing beside it, readable on a phone and in the dark. It is well-formed XML too, which
/// is what a test reads it as.
/// </summary>
internal static class DemoReport
{
    /// <summary>Writes the report; it appears whole or not at all.</summary>
    public static void Write(DemoFiles files, DemoResult result)
    {
        AtomicFile.WriteText(files.Report, Html(files, result));
    }

    public static string Html(DemoFiles files, DemoResult result)
    {
        var page = new StringBuilder();
        page.Append($"{HtmlPage.Head(DemoText.Title)}{HtmlPage.Paragraph(DemoText.Intro)}{HtmlPage.Soft(DemoText.Spliced(result.Config))}{HtmlPage.Soft(DemoText.Parameters(result.Parameters))}");

        Scores(page, result);
        Examples(page, result.Examples);
        page.Append("<h2>Loss</h2>\n").Append(LossCurve.Svg(result.Losses)).Append('\n');
        page.Append($"<h2>{HtmlText.Escape(DemoText.CheckHeading)}</h2>\n<ul>\n{Lines(result.Checks.Select(line => $"<li><span class=\"good\">✓</span> {HtmlText.Escape(line)}</li>"))}</ul>\n");
        page.Append($"<h2>{HtmlText.Escape(DemoText.ChatHeading)}</h2>\n{Pre([DemoText.ChatCommand(files, result.Examples[0])])}");
        page.Append($"<h2>{HtmlText.Escape(DemoText.NextHeading)}</h2>\n{Pre(DemoText.NextCommands)}");
        page.Append($"<h2>Machine and times</h2>\n{HtmlPage.Paragraph(Machine(result.Threads))}{HtmlPage.Paragraph(DemoText.Times(result.Stages, result.Seconds))}");
        page.Append($"<details>\n<summary>Configuration</summary>\n{Pre([result.Configuration.TrimEnd()])}</details>\n{HtmlPage.Foot}");
        return page.ToString();
    }

    private static void Scores(StringBuilder page, DemoResult result)
    {
        page.Append("<h2>Held-out questions, right answers</h2>\n<div class=\"wide\">\n<table>\n<thead><tr>");
        page.Append(string.Concat(DemoText.ScoreColumns.Select(name => $"<th>{HtmlText.Escape(name)}</th>"))).Append("</tr></thead>\n<tbody>\n");
        int after = DemoText.ScoreColumns.ToList().IndexOf("after");
        foreach (ScoreRow row in result.Scores)
        {
            page.Append("<tr>").Append(string.Concat(DemoText.Cells(row).Select((cell, i) =>
                i == after ? $"<td class=\"after {(row.After > row.Baseline ? "good" : "bad")}\">{HtmlText.Escape(cell)}</td>" : $"<td>{HtmlText.Escape(cell)}</td>"))).Append("</tr>\n");
        }

        page.Append($"</tbody>\n</table>\n</div>\n{HtmlPage.Soft(DemoText.ScoreNote)}");
        if (result.VisualGain is { } gain)
        {
            page.Append(HtmlPage.Soft(DemoText.VisualGain(gain)));
        }

        if (result.Perplexity is { } perplexity)
        {
            page.Append(HtmlPage.Soft(DemoText.Perplexity(perplexity)));
        }

        page.Append(HtmlPage.Soft(DemoText.Frozen(result.TextWeights)));
    }

    private static void Examples(StringBuilder page, IReadOnlyList<DemoExample> examples)
    {
        page.Append($"<h2>{HtmlText.Escape(DemoText.ExamplesHeading)}</h2>\n<div class=\"pictures\">\n");
        foreach (DemoExample example in examples)
        {
            string picture = HtmlPage.Picture(example.Asked.Picture!.File.Span, example.File, $"a picture of {example.Asked.Kind}");
            page.Append($"<figure lang=\"zh\">\n{picture}\n<figcaption>\n");
            page.Append($"<p>{HtmlText.Escape(example.Asked.Question)}</p>\n");
            page.Append($"<p><span class=\"soft\">expected</span> {HtmlText.Escape(example.Asked.Answer)}</p>\n");
            page.Append($"<p><span class=\"soft\">answer</span> {HtmlText.Escape(DemoText.Given(example))} <span class=\"{(example.Right ? "good\">✓" : "bad\">✗")}</span></p>\n");
            page.Append("</figcaption>\n</figure>\n");
        }

        page.Append("</div>\n");
    }

    private static string Machine(int threads) => string.Create(
        CultureInfo.InvariantCulture,
        $"{MachineDescription.Processor}, {Environment.ProcessorCount} cores, {threads} used; {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}; {DateTime.Now:yyyy-MM-dd HH:mm}");

    private static string Pre(IEnumerable<string> lines) => $"<pre>{HtmlText.Escape(string.Join('\n', lines))}</pre>\n";

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));
}
