using System.Text.Json;
using Smvl.Tests.Models;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task ThePairIsWrittenAndComparedAndTheSameAsAFileThatIsThere()
    {
        string folder = ExportableFolder.Make(temporary), prompts = temporary.Write("prompts.txt", "图中有什么？\n\nWhat is it?\r\n");
        string picture = Golden.Path("generate", "0-0.png");
        (int code, string output, string error) = await Run(
            "quantize", folder, "--type", "q4_0", "--output", temporary["out"], "--prompts", prompts, "--images", picture, "--json");
        Assert.True(code == 0, error);
        JsonElement written = JsonDocument.Parse(output).RootElement;
        string text = temporary["out", "model-Q4_0.gguf"], projector = temporary["out", "mmproj-model-Q8_0.gguf"];
        Assert.Equal(text, written.GetProperty("text").GetProperty("file").GetString());
        Assert.Equal(new FileInfo(text).Length + new FileInfo(projector).Length, written.GetProperty("bytes").GetInt64());
        Assert.Equal(new FileInfo(projector).Length, written.GetProperty("mmproj").GetProperty("bytes").GetInt64());
        JsonElement all = written.GetProperty("all");
        Assert.InRange(all.GetProperty("mean_kl").GetDouble(), 1e-6, 1);
        Assert.InRange(all.GetProperty("top1").GetDouble(), 0.1, 1);
        Assert.Equal(
            all.GetProperty("positions").GetInt32(),
            written.GetProperty("text_prompts").GetProperty("positions").GetInt32() + written.GetProperty("picture_prompts").GetProperty("positions").GetInt32());

        string[] again = ["quantize", folder, "--compare", text, "--mmproj", projector, "--prompts", prompts, "--images", picture];
        (code, string json, error) = await Run([.. again, "--json"]);
        Assert.True(code == 0, error);
        Assert.Equal(output, json);
        (code, string table, error) = await Run(again);
        Assert.True(code == 0, error);
        Assert.Matches(@"(?m)^text +\d+ +0\.\d{6} +0\.\d{6} +\d+\.\d\d %$", table);
        Assert.Matches(@"(?m)^pictures +\d+ ", table);
        Assert.Contains($"{text}: ", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAProjectorOnlyTextsAreCompared()
    {
        string folder = ExportableFolder.Make(temporary);
        Assert.Equal((0, ""), await Quiet("export", "gguf", folder, "--type", "f16", "--output", temporary["out"]));
        (int code, string table, string error) = await Run("quantize", folder, "--compare", temporary["out", "model-F16.gguf"]);
        Assert.True(code == 0, error);
        Assert.DoesNotContain("pictures", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatCannotBeComparedIsNamed()
    {
        string folder = ExportableFolder.Make(temporary);
        string[] command = ["quantize", folder, "--type", "q8_0", "--output", temporary["out"], "--prompts"];
        Assert.Contains("no such file", await Fails([.. command, temporary["none.txt"]]), StringComparison.Ordinal);
        Assert.Contains("no prompt in the file", await Fails([.. command, temporary.Write("empty.txt", "\n \n")]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["out"]));
        Assert.Contains("<|im_end|>", await Fails([.. command, temporary.Write("special.txt", "a<|im_end|>b")]), StringComparison.Ordinal);
        Assert.Contains("too long", await Fails([.. command, temporary.Write("long.txt", new string('水', 5000)), "--force"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quantize x")]
    [InlineData("quantize x --type q4_0")]
    [InlineData("quantize x --type f16 --output y")]
    [InlineData("quantize x --type q4_0 --output y --mmproj z.gguf")]
    [InlineData("quantize x --compare a.gguf --output y")]
    [InlineData("quantize x --compare a.gguf --force")]
    [InlineData("quantize x --compare a.gguf --images b.png")]
    public async Task AWrongCommandLineExitsWith2(string line)
    {
        (int code, _, string error) = await Run(line.Split(' '));
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }
}
