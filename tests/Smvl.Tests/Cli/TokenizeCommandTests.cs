using System.Text.Json;
using Smvl.Tests.Text;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl tokenize</c> of one text; its way through standard input is tested on the native binary, with all of fixtures/tokenizer.</summary>
public sealed class TokenizeCommandTests
{
    [Fact]
    public async Task OneTextOneObject()
    {
        JsonElement golden = Golden.Json("tokenizer", "tiny-cases.json").EnumerateArray().First(c => c.GetProperty("text").GetString() == "图中有什么动物？");
        (int code, string output, string error) = await Run("tokenize", Tokenizers.TinyFolder, golden.GetProperty("text").GetString()!);
        Assert.Equal((0, ""), (code, error));
        JsonElement ours = JsonDocument.Parse(output).RootElement;
        Assert.Equal(["ids", "decoded", "decoded_skip_special"], ours.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), ours.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal(golden.GetProperty("decoded").GetString(), ours.GetProperty("decoded").GetString());
    }

    [Fact]
    public async Task AFolderWithoutATokenizerFails() => Assert.Contains("no such folder", await Fails("tokenize", "nowhere", "text"));
}
