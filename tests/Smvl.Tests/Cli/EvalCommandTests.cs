using System.Diagnostics;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl eval</c> and <c>smvl compare</c> as a user runs them, on the model that the repository carries.</summary>
public sealed class EvalCommandTests : IDisposable
{
    private const string Chromium = "chromium";

    private readonly TemporaryFolder folder = new();

    private static string Model => Sample("demo-model");

    [Fact]
    public async Task EvalScoresAndShows()
    {
        (int code, string output, string error) = await CommandLine.Run(
            "eval", Model, "--task", "cauldron:scenes_zh", "--data", Scenes(), "--limit", "5", "--output", folder["eval"], "--html", folder["eval.html"]);
        Assert.True(code == 0, error);
        Assert.Contains("| task | questions | figure | score | 95 % | text only | pictures add | 95 % |", output);
        Assert.Contains("| scenes_zh.color |", output);
        using JsonDocument results = JsonDocument.Parse(File.ReadAllText(folder["eval", "demo-model", "scenes_zh", "results.json"]));
        int questions = results.RootElement[0].GetProperty("questions").GetInt32();
        Assert.Equal(questions, File.ReadAllLines(folder["eval", "demo-model", "scenes_zh", "answers.jsonl"]).Length);

        XDocument page = Parse(folder["eval.html"]);
        Assert.Equal(questions, page.Descendants("figure").Count());
        Assert.All(page.Descendants("img"), image => Assert.StartsWith("data:image/", image.Attribute("src")!.Value));
        double[] order = [.. page.Descendants("figure").Select(figure => figure.Value.Contains('✗') ? 0.0 : 1.0)];
        Assert.Contains(page.Descendants(), element => element.Name.LocalName == "rect");
        Assert.True(questions == order.Length && page.Descendants("figure").First().Descendants("span").Any(span => span.Attribute("class")?.Value == "bad") == order.Contains(0.0));
    }

    [Fact]
    public async Task CompareGivesVerdicts()
    {
        (int code, string output, string error) = await CommandLine.Run(
            "compare", Model, Sample("qwen3-tiny-zh"), "--output", folder["eval"], "--json", "--text", folder.Write("text.txt", "你好，今天天气很好。\n图中有两只猫。\n我喜欢读书。\n"));
        Assert.True(code == 0, error);
        using JsonDocument found = JsonDocument.Parse(output);
        Dictionary<string, JsonElement> figures = found.RootElement.GetProperty("figures").EnumerateArray().ToDictionary(figure => figure.GetProperty("name").GetString()!);

        // the demo trains the connector alone: the text model is what it was
        foreach (string name in (string[])["perplexity of text", "answers in the question's language", "tool calls in the template's form"])
        {
            Assert.Equal("no difference seen", figures[name].GetProperty("verdict").GetString());
            Assert.Equal(0, figures[name].GetProperty("difference").GetProperty("value").GetDouble());
        }

        Assert.True(figures["perplexity of text"].GetProperty("a").GetProperty("value").GetDouble() > 1);
    }

    /// <summary>A browser draws the page, pictures included, without a network.</summary>
    [Fact]
    public async Task ABrowserShowsTheReport()
    {
        string? browser = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(path => Path.Combine(path, Chromium)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, $"{Chromium} is not on the PATH (Debian: apt-get install {Chromium})");
        (int code, _, string error) = await CommandLine.Run(
            "eval", Model, "--task", "cauldron:scenes_zh", "--data", Scenes(), "--limit", "2", "--output", folder["eval"], "--html", folder["eval.html"]);
        Assert.True(code == 0, error);

        // what the browser made of the page behind its scripts' end: this one says how wide each picture became
        string page = File.ReadAllText(folder["eval.html"]);
        const string Probe = "<script>addEventListener('load', () => { document.body.setAttribute('data-widths', [...document.images].map(i => i.naturalWidth).join(' ')); document.body.setAttribute('data-overflow', document.documentElement.scrollWidth > innerWidth); });</script>";
        File.WriteAllText(folder["probe.html"], page.Replace("</body>", $"{Probe}</body>"));
        ProcessStartInfo start = new(browser!, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={folder["browser"]}", "--virtual-time-budget=2000", "--dump-dom", $"file://{folder["probe.html"]}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> drawn = process.StandardOutput.ReadToEndAsync(), said = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        string dom = await drawn;
        Assert.True(process.ExitCode == 0, await said);
        string[] widths = dom.Split("data-widths=\"")[1].Split('"')[0].Split(' ');
        Assert.Equal(page.Split("<img ").Length - 1, widths.Length);
        Assert.All(widths, width => Assert.True(int.Parse(width) > 0, "a picture was not drawn"));
        Assert.Contains("data-overflow=\"false\"", dom);
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org/2000/svg", ""));
        Assert.DoesNotContain("https://", page);
    }

    [Fact]
    public async Task TasksAreListedAndShown()
    {
        (_, string list, _) = await CommandLine.Run("eval", "tasks");
        Assert.Contains("mmbench_cn", list);
        Assert.Contains("cauldron:SUBSET", list);
        (_, string shown, _) = await CommandLine.Run("eval", "tasks", "chartqa");
        Assert.Contains("metric: relaxed", shown);
    }

    [Theory]
    [InlineData("give --task"), InlineData("there is no task chart; ", "--task", "chart"), InlineData("--data goes with one task", "--task", "mme,pope", "--data", "x")]
    public async Task AWrongCommandLineIsTold(string message, params string[] args)
    {
        (int code, _, string error) = await CommandLine.Run(["eval", Model, .. args]);
        Assert.NotEqual(0, code);
        Assert.Contains(message.Split(';')[0], error);
    }

    public void Dispose() => folder.Dispose();

    private static string Sample(string name) => Path.Combine(Golden.Root, "samples", name);

    /// <summary>What the demo never trained on; a copy, as test-*.parquet counts only by its own path.</summary>
    private string Scenes()
    {
        string copy = folder["scenes_zh", "held-out.parquet"];
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy(Path.Combine(Golden.Root, "samples", "data", "scenes_zh", "test-00000-of-00001.parquet"), copy, overwrite: true);
        return folder["scenes_zh"];
    }

    private static XDocument Parse(string path)
    {
        using XmlReader reader = XmlReader.Create(path, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        return XDocument.Load(reader);
    }
}
