using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

public sealed class ExportHfCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task WhatIsExportedIsVerifiedAndAnswersInChat()
    {
        (int code, string output, string error) = await Run(
            "export", "hf", Golden.Path("spliced"), "--max_shard_size", "100KB", "--license", "mit", "--verify", "--output", temporary["out"]);
        Assert.True(code == 0, error);
        Assert.Contains("verified: every tensor is its source's, rounded, by at most 0.00", output, StringComparison.Ordinal);
        Assert.True(File.Exists(temporary["out", "model.safetensors.index.json"]));
        Assert.Contains("\nlicense: \"mit\"\n", File.ReadAllText(temporary["out", "README.md"]), StringComparison.Ordinal);
        Assert.Equal((0, ""), await Quiet("chat", temporary["out"], "--image", Golden.Path("generate", "0-0.png"), "图中有什么？", "--max_new_tokens", "2"));
        Assert.Contains("is not empty", await Fails("export", "hf", Golden.Path("spliced"), "--output", temporary["out"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("2gib", 2_147_483_648)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("3MiB", 3_145_728)]
    [InlineData("7KiB", 7168)]
    [InlineData("12345", 12345)]
    public void SizesAreTransformers(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("GB")]
    [InlineData("-1")]
    [InlineData("2 TB")]
    [InlineData("9999999999999GB")]
    public async Task AWrongSizeExitsWith2(string size)
    {
        (int code, _, string error) = await Run("export", "hf", "x", "--output", "y", "--max_shard_size=" + size);
        Assert.Equal(2, code);
        Assert.Contains("--max_shard_size must be", error, StringComparison.Ordinal);
    }
}
