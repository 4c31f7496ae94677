using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Smvl.Benchmarks;
using Smvl.Formats;
using Smvl.Images;

namespace Smvl.Cli.Demo;

/// <summary>
/// The demo's report: one HTML file that needs nothing beside it, readable on a phone and in the dark. It is well-formed XML too, which
/// is what a test reads it as.
/// </summary>
internal static class DemoReport
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --back: #fcfcfd; --card: #f2f2f5; --good: #18794e; --bad: #cd2b31; --mark: #0d74ce; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #edeef0; --soft: #b0b4ba; --line: #363a3f; --back: #111113; --card: #1c1d20; --good: #3dd68c; --bad: #ff9592; --mark: #70b8ff; }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
        p, ul { margin: .5rem 0; }
        .soft { color: var(--soft); font-size: .9rem; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; }
        td.after { font-weight: 600; }
        .good { color: var(--good); }
        .bad { color: var(--bad); }
        svg { width: 100%; height: auto; }
        svg text { fill: var(--soft); font-size: 12px; }
        svg .grid { stroke: var(--line); }
        svg polyline { fill: none; stroke: var(--mark); stroke-linejoin: round; }
        svg .each { opacity: .3; }
        svg .mean { stroke-width: 2; }
        .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; }
        figure { margin: 0; padding: .6rem; background: var(--card); border-radius: .5rem; }
        figure img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: auto; border-radius: .3rem; background: #fff; }
        figcaption p { margin: .25rem 0; }
        pre { overflow-x: auto; padding: .6rem; background: var(--card); border-radius: .5rem; font-size: .85rem; }
        """;

    /// <summary>Writes the report; it appears whole or not at all.</summary>
    public static void Write(DemoFiles files, DemoResult result)
    {
        string html = Html(files, result);
        AtomicFile.Write(files.Report, stream => stream.Write(Encoding.UTF8.GetBytes(html)));
    }

    public static string Html(DemoFiles files, DemoResult result)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        page.Append($"<title>{HtmlText.Escape(DemoText.Title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        page.Append($"<h1>{HtmlText.Escape(DemoText.Title)}</h1>\n{Paragraph(DemoText.Intro)}{Soft(DemoText.Spliced(result.Config))}{Soft(DemoText.Parameters(result.Parameters))}");

        Scores(page, result);
        Examples(page, result.Examples);
        page.Append("<h2>Loss</h2>\n").Append(LossCurve.Svg(result.Losses)).Append('\n');
        page.Append($"<h2>{HtmlText.Escape(DemoText.CheckHeading)}</h2>\n<ul>\n{Lines(result.Checks.Select(line => $"<li><span class=\"good\">✓</span> {HtmlText.Escape(line)}</li>"))}</ul>\n");
        page.Append($"<h2>{HtmlText.Escape(DemoText.ChatHeading)}</h2>\n{Pre([DemoText.ChatCommand(files, result.Examples[0])])}");
        page.Append($"<h2>{HtmlText.Escape(DemoText.NextHeading)}</h2>\n{Pre(DemoText.NextCommands)}");
        page.Append($"<h2>Machine and times</h2>\n{Paragraph(Machine(result.Threads))}{Paragraph(DemoText.Times(result.Stages, result.Seconds))}");
        page.Append($"<details>\n<summary>Configuration</summary>\n{Pre([result.Configuration.TrimEnd()])}</details>\n</body>\n</html>\n");
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

        page.Append($"</tbody>\n</table>\n</div>\n{Soft(DemoText.ScoreNote)}");
        if (result.VisualGain is { } gain)
        {
            page.Append(Soft(DemoText.VisualGain(gain)));
        }

        if (result.Perplexity is { } perplexity)
        {
            page.Append(Soft(DemoText.Perplexity(perplexity)));
        }

        page.Append(Soft(DemoText.Frozen(result.TextWeights)));
    }

    private static void Examples(StringBuilder page, IReadOnlyList<DemoExample> examples)
    {
        page.Append($"<h2>{HtmlText.Escape(DemoText.ExamplesHeading)}</h2>\n<div class=\"pictures\">\n");
        foreach (DemoExample example in examples)
        {
            ReadOnlySpan<byte> file = example.Asked.Picture!.File.Span;
            string type = ImageHeader.Read(file, example.File).Format.ToString().ToLowerInvariant();
            page.Append(CultureInfo.InvariantCulture, $"<figure lang=\"zh\">\n<img alt=\"a picture of {HtmlText.Escape(example.Asked.Kind)}\" src=\"data:image/{type};base64,{Convert.ToBase64String(file)}\"/>\n<figcaption>\n");
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

    private static string Paragraph(string text) => $"<p>{HtmlText.Escape(text)}</p>\n";

    private static string Soft(string text) => $"<p class=\"soft\">{HtmlText.Escape(text)}</p>\n";

    private static string Pre(IEnumerable<string> lines) => $"<pre>{HtmlText.Escape(string.Join('\n', lines))}</pre>\n";

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));
}
