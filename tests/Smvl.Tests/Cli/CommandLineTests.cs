using System.Text.Json;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary>The commands as a user runs them: what they print, on which stream, and how they exit.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task InitSpliceAndInfoFollowEachOther()
    {
        string vision = Golden.Path("sources", "smolvlm2-tiny");
        string text = Golden.Path("sources", "qwen3-tiny");
        Assert.Equal((0, ""), await Quiet("init", "--preset", "smolvlm2-tiny", "--output", temporary["v"], "--seed", "7"));
        Assert.Equal((0, ""), await Quiet("splice", "--vision", vision, "--text", text, "--output", temporary["s"], "--connector_init", "normal", "--connector_std", "1e-2"));
        (int code, string output, string error) = await Run("info", temporary["s"]);
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("spliced: a SmolVLM vision tower, a connector, a Qwen3 text model", output);
        Assert.Contains("image      1012 <|image_pad|>", output);
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public async Task InfoCountsAsTheTrainerDoes()
    {
        JsonElement training = Golden.Json("training", "connector-bs1-acc4.json");
        long trainable = training.GetProperty("trainable").GetInt64();
        long total = training.GetProperty("total").GetInt64();
        (_, string text, _) = await Run("info", Golden.Path("spliced"));
        Assert.EndsWith(
            FormattableString.Invariant($"trainable params: {trainable / 1048576.0:F2}M || all params: {total / 1048576.0:F2}M || trainable%: {100.0 * trainable / total:F2}\n"),
            text);
        (_, string json, _) = await Run("info", Golden.Path("spliced"), "--json");
        JsonElement root = JsonDocument.Parse(json).RootElement;
        Assert.Equal((total, trainable), (root.GetProperty("parameters").GetInt64(), root.GetProperty("trainable_parameters").GetInt64()));
        Assert.Equal(["vision", "connector", "text"], root.GetProperty("parts").EnumerateObject().Select(part => part.Name));
    }

    [Fact]
    public async Task InfoReadsGgufFiles()
    {
        string file = MtmdGolden.Path(MtmdGolden.TextName);
        (int code, string text, string error) = await Run("info", file);
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("Qwen3 text model", text);
        (_, string pair, _) = await Run("info", file, "--mmproj", MtmdGolden.Path(MtmdGolden.CutName));
        Assert.StartsWith("spliced", pair);
        Assert.Contains("tiles of 32 px", pair);
        Assert.Contains("<|im_end|>", pair);
    }

    [Theory]
    [InlineData("qwen3-tiny", "Qwen3 text model")]
    [InlineData("smolvlm2-tiny", "SmolVLM: a vision tower")]
    public async Task InfoReadsSources(string source, string title)
    {
        (int code, string output, string error) = await Run("info", Golden.Path("sources", source));
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith(title, output);
        Assert.DoesNotContain("trainable", output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("info")]
    [InlineData("info a b")]
    [InlineData("init --preset qwen3-tiny")]
    [InlineData("init --preset qwen5 --output x")]
    [InlineData("init --preset qwen3-tiny --output x --seed many")]
    [InlineData("init --preset qwen3-tiny --output x --nonsense 1")]
    [InlineData("splice --vision a --text b")]
    [InlineData("splice --vision a --text b --output c --connector_init cauchy")]
    [InlineData("splice --vision a --text b --output c --connector_std 0")]
    public async Task WrongUsageExitsWithTwo(string line)
    {
        (int code, string output, string error) = await Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (code, output));
        Assert.All(error.TrimEnd('\n').Split('\n'), each => Assert.StartsWith("smvl: usage: ", each));
        Assert.EndsWith("--help\n", error);
    }

    [Theory]
    [InlineData("info", "none")]
    [InlineData("init", "--preset", "qwen3-tiny", "--output", "full")]
    [InlineData("init", "--preset", "qwen3-tiny", "--output", "new", "--tokenizer", "none")]
    [InlineData("splice", "--vision", "none", "--text", "none", "--output", "new")]
    public async Task BadInputExitsWithOneAndSaysSoInOneLine(params string[] args)
    {
        Directory.CreateDirectory(temporary["full", "inner"]);
        string[] inTemporary = [.. args.Select(arg => arg is "none" or "full" or "new" ? temporary[arg] : arg)];
        (int code, string output, string error) = await Run(inTemporary);
        Assert.Equal((1, ""), (code, output));
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith($"smvl: error: {temporary.Path}", error);
        Assert.Equal(["full"], Directory.EnumerateFileSystemEntries(temporary.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task TheSystemsRefusalIsOneLineToo()
    {
        File.WriteAllText(temporary["file"], "");
        (int code, _, string error) = await Run("init", "--preset", "qwen3-tiny", "--output", temporary["file", "inside"]);
        Assert.Equal(1, code);
        Assert.StartsWith("smvl: error: ", error);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task HelpNamesTheCommands()
    {
        (int code, string output, _) = await Run("--help");
        Assert.Equal(0, code);
        Assert.All((string[])["init", "splice", "info"], name => Assert.Contains($"\n  {name}", output));
    }
}
