using System.Xml;
using System.Xml.Linq;
using Smvl.Cli.Demo;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Tests.Images;

namespace Smvl.Tests.Cli.Demo;

/// <summary>The report, read by an XML parser: every element closed, every text as it was, nothing fetched from elsewhere.</summary>
public sealed class DemoReportTests
{
    private const string Hostile = "<script>alert(1)</script> & \"什么\" '\u0007\uFFFF\uD800 🦦";
    private static readonly byte[] Picture = PictureData.Bytes(Directory.GetFiles(PictureData.PathOf("")).Select(Path.GetFileName).First(name => name!.EndsWith(".png", StringComparison.Ordinal))!);

    private static readonly XDocument Page = Parse(Html());

    [Fact]
    public void ThePageIsWellFormed()
    {
        Assert.Equal("html", Page.Root!.Name.LocalName);
        Assert.Contains(Elements("meta"), meta => meta.Attribute("charset")?.Value == "utf-8");
        Assert.Contains(Elements("meta"), meta => meta.Attribute("name")?.Value == "viewport");
        Assert.Contains("prefers-color-scheme: dark", Elements("style").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void TextIsEscaped()
    {
        Assert.Empty(Elements("script"));
        string[] captions = [.. Elements("figcaption").First().Elements().Select(line => line.Value)];
        const string shown = "<script>alert(1)</script> & \"什么\" '\uFFFD\uFFFD\uFFFD 🦦";
        Assert.Equal([shown, "expected 红色。", $"answer {shown} ✗"], captions);
    }

    [Fact]
    public void PicturesAreInThePage()
    {
        string[] sources = [.. Elements("img").Select(image => image.Attribute("src")!.Value)];
        Assert.Equal(2, sources.Length);
        Assert.All(sources, source => Assert.StartsWith("data:image/png;base64,", source, StringComparison.Ordinal));
        Assert.Equal(Picture, Convert.FromBase64String(sources[0][(sources[0].IndexOf(',', StringComparison.Ordinal) + 1)..]));
        Assert.Empty(Elements("link"));
        Assert.DoesNotContain(Page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "href" or "srcset");
    }

    [Fact]
    public void TheTableHasARowForEachKind()
    {
        string[][] rows = [.. Elements("tr").Skip(1).Select(row => row.Elements().Select(cell => cell.Value).ToArray())];
        Assert.Equal([["scenes_zh.color", "40", "10.0 %", "97.5 %", "12.5 %", "15.0 %", "15.0 %"], ["emoji_zh.category", "185", "0.0 %", "20.0 %", "30.0 %", "20.0 %", "30.0 %"]], rows);
        Assert.Equal(["after good", "after bad"], Elements("td").Select(cell => cell.Attribute("class")?.Value).OfType<string>());
    }

    [Fact]
    public void TheCurveHasAPointForEachStep()
    {
        string[] points = [.. Elements("polyline").Select(line => line.Attribute("points")!.Value)];
        Assert.Equal(2, points.Length);
        Assert.All(points, line => Assert.Equal(3, line.Split(' ').Length));

        // the first step's loss is the highest, the last one's half of it: left at the top, right at the middle
        Assert.StartsWith("48.0,10.0 ", points[0], StringComparison.Ordinal);
        Assert.EndsWith(" 632.0,111.0", points[0], StringComparison.Ordinal);
    }

    private static IEnumerable<XElement> Elements(string name) => Page.Descendants().Where(element => element.Name.LocalName == name);

    private static XDocument Parse(string html)
    {
        using XmlReader reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        return XDocument.Load(reader);
    }

    private static string Html()
    {
        ScoredQuestion asked = new("scenes_zh.color", new ScoredPicture(Picture, "picture"), Hostile, "红色。");
        return DemoReport.Html(new DemoFiles(".", "demo"), new DemoResult
        {
            Config = ConfigFile.ReadModel(Golden.Path("spliced")),
            Parameters = (1000, 10),
            Checks = ["a < b"],
            Scores = [new("scenes_zh.color", 40, 0.1, 0.975, 0.125, 0.15, "红色。"), new("emoji_zh.category", 185, 0, 0.2, 0.3, 0.2, "食物。")],
            VisualGain = new BeforeAfter(0, 1.5),
            Perplexity = new BeforeAfter(3.5, 3.5),
            TextWeights = default,
            Losses = [4, 3, 2],
            Examples = [new(asked, "1.png", Hostile, Right: false), new(asked with { Question = "什么？" }, "2.png", "红色。", Right: true)],
            Configuration = "model: <none>\n",
            Threads = 2,
            Stages = [("splice", 0.5)],
            Seconds = 1,
        });
    }
}
