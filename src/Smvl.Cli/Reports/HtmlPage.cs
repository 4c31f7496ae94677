using Smvl.Cli.Demo;
using Smvl.Formats;
using Smvl.Images;

namespace Smvl.Cli.Reports;

/// <summary>
/// What all reports are made of: one HTML file that needs nothing beside it, readable on a phone and in the dark. It is well-formed XML
/// too, which is what tests read it as.
/// </summary>
internal static class HtmlPage
{
    public const string Foot = "</body>\n</html>\n";

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
        .tall { max-height: 12em; overflow-y: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
        svg .bar { fill: var(--mark); }
        svg .bar.other { fill: var(--soft); opacity: .55; }
        svg .reach { stroke: var(--ink); stroke-width: 1.5; }
        svg .label { fill: var(--ink); }
        .missing { display: flex; aspect-ratio: 1; align-items: center; justify-content: center; color: var(--soft); }
        """;

    /// <summary>From the first line to the heading.</summary>
    public static string Head(string title) =>
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        + $"<title>{HtmlText.Escape(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<h1>{HtmlText.Escape(title)}</h1>\n";

    public static string Heading(string text) => $"<h2>{HtmlText.Escape(text)}</h2>\n";

    public static string Paragraph(string text) => $"<p>{HtmlText.Escape(text)}</p>\n";

    public static string Soft(string text) => $"<p class=\"soft\">{HtmlText.Escape(text)}</p>\n";

    /// <summary>The page as a file, which appears whole or not at all; its folder is made.</summary>
    public static void Write(string path, string html)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.WriteText(path, html);
    }

    /// <summary>A picture inside the page.</summary>
    /// <param name="file">encoded, as its bytes say</param>
    /// <param name="where">what errors call it</param>
    /// <param name="description">for those who do not see it</param>
    public static string Picture(ReadOnlySpan<byte> file, string where, string description)
    {
        string type = ImageHeader.Read(file, where).Format.ToString().ToLowerInvariant();
        return $"<img alt=\"{HtmlText.Escape(description)}\" src=\"data:image/{type};base64,{Convert.ToBase64String(file)}\"/>";
    }

    /// <param name="columns">their names</param>
    /// <param name="rows">cells</param>
    public static string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows) =>
        $"<div class=\"wide\">\n<table>\n<thead><tr>{string.Concat(columns.Select(name => $"<th>{HtmlText.Escape(name)}</th>"))}</tr></thead>\n<tbody>\n"
        + string.Concat(rows.Select(row => $"<tr>{string.Concat(row.Select(cell => $"<td>{HtmlText.Escape(cell)}</td>"))}</tr>\n"))
        + "</tbody>\n</table>\n</div>\n";
}
