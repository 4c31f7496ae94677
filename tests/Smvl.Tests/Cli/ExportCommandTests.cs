using Smvl.Tests.Models;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task WhatIsExportedIsVerifiedAndAnswersInChat()
    {
        string folder = ExportableFolder.Make(temporary);
        (int code, string output, string error) = await Run(
            "export", "gguf", folder, "--type", "f16", "--mmproj_type", "q8_0", "--tiles", "off", "--output", temporary["out"], "--verify");
        Assert.True(code == 0, error);
        Assert.Contains("model-F16.gguf: ", output, StringComparison.Ordinal);
        Assert.Contains("verified: every tensor and token; log-probabilities differ by at most ", output, StringComparison.Ordinal);
        (code, string answer, error) = await Run(
            "chat", temporary["out", "model-F16.gguf"], "--mmproj", temporary["out", "mmproj-model-Q8_0.gguf"], "--image", Golden.Path("generate", "0-0.png"),
            "图中有什么？", "--max_new_tokens", "4", "--json");
        Assert.True(code == 0, error);
        Assert.Contains("\"new_ids\":[", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecondExportNeedsForce()
    {
        string[] command = ["export", "gguf", ExportableFolder.Make(temporary), "--type", "f16", "--output", temporary["out"]];
        Assert.Equal((0, ""), await Quiet(command));
        Assert.Contains("is there already", await Fails(command), StringComparison.Ordinal);
        Assert.Equal((0, ""), await Quiet([.. command, "--force"]));
    }

    [Theory]
    [InlineData("export gguf x --output y")]
    [InlineData("export gguf x --type q5_0 --output y")]
    [InlineData("export gguf x --type f16 --mmproj_type q4_0 --output y")]
    [InlineData("export gguf x --type f16 --tiles maybe --output y")]
    [InlineData("export gguf x --type f16")]
    [InlineData("export")]
    public async Task AWrongCommandLineExitsWith2(string line)
    {
        (int code, _, string error) = await Run(line.Split(' '));
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }
}
