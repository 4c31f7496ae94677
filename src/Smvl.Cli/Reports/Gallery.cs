using System.Text;
using Smvl.Cli.Demo;
using Smvl.Evaluation;
using Smvl.Images;

namespace Smvl.Cli.Reports;

/// <summary>What one model said to a question.</summary>
/// <param name="Label">who</param>
/// <param name="Text">what</param>
/// <param name="Score">0 to 1; null where it is not judged</param>
internal sealed record GivenAnswer(string Label, string Text, double? Score);

/// <summary>Questions with their pictures, expected and given answers.</summary>
internal static class Gallery
{
    /// <summary>Enough to see what goes wrong, few enough for a page.</summary>
    public const int MostQuestions = 48;

    /// <summary>Pictures beyond this much are left out: a page has to open.</summary>
    private const long MostBytes = 24 << 20;

    /// <summary>A larger file becomes a JPEG of so many pixels along its longer side.</summary>
    private const int LargeFile = 96 << 10, LongerSide = 640, Quality = 82;

    private const double Whole = 0.999;

    /// <param name="page">written to</param>
    /// <param name="task">whose pictures</param>
    /// <param name="data">another place for them</param>
    /// <param name="chosen">questions in the order in which they are shown, with what was said</param>
    public static void Write(StringBuilder page, EvaluationTask task, string? data, IReadOnlyList<(AnswerRecord Record, IReadOnlyList<GivenAnswer> Answers)> chosen)
    {
        IReadOnlyDictionary<(int Row, string Id), EvaluationItem> items = TaskItems.Find(task, data, chosen.Select(entry => entry.Record.Item.Row).ToHashSet());
        long bytes = 0;
        page.Append("<div class=\"pictures\">\n");
        foreach ((AnswerRecord record, IReadOnlyList<GivenAnswer> answers) in chosen)
        {
            EvaluationItem item = record.Item;
            page.Append("<figure>\n");
            foreach (ReadOnlyMemory<byte> picture in items.TryGetValue((item.Row, item.Id), out EvaluationItem? found) ? found.Pictures : [])
            {
                ReadOnlySpan<byte> shown = picture.Length <= LargeFile ? picture.Span : Smaller(picture.Span, item.Where);
                bytes += shown.Length;
                page.Append(bytes <= MostBytes ? HtmlPage.Picture(shown, item.Where, $"the picture of question {item.Id}") : "<p class=\"missing\">picture left out: the page would be too large</p>").Append('\n');
            }

            page.Append($"<figcaption>\n<p class=\"tall\">{HtmlText.Escape(item.Prompt)}</p>\n");
            page.Append($"<p><span class=\"soft\">expected</span> {HtmlText.Escape(string.Join(" / ", item.Expected.Distinct()))}</p>\n");
            foreach (GivenAnswer answer in answers)
            {
                page.Append($"<p class=\"tall\"><span class=\"soft\">{HtmlText.Escape(answer.Label)}</span> {HtmlText.Escape(answer.Text.Trim())}{Mark(answer.Score)}</p>\n");
            }

            page.Append($"<p class=\"soft\">{HtmlText.Escape(item.Id)}{(item.Category.Length > 0 ? ", " + HtmlText.Escape(item.Category) : "")}</p>\n</figcaption>\n</figure>\n");
        }

        page.Append("</div>\n");
    }

    private static byte[] Smaller(ReadOnlySpan<byte> file, string where)
    {
        using RgbImage picture = ImageDecoder.Decode(file, where);
        double scale = Math.Min(1, (double)LongerSide / Math.Max(picture.Width, picture.Height));
        using RgbImage small = Resampler.Resize(
            picture, Math.Max(1, (int)Math.Round(picture.Width * scale)), Math.Max(1, (int)Math.Round(picture.Height * scale)), ResampleFilter.Lanczos);
        return LibGd.EncodeJpeg(small, Quality);
    }

    private static string Mark(double? score) => score switch
    {
        null => "",
        >= Whole => " <span class=\"good\">✓</span>",
        0 => " <span class=\"bad\">✗</span>",
        { } part => string.Create(System.Globalization.CultureInfo.InvariantCulture, $" <span class=\"bad\">{part:F2}</span>"),
    };
}
