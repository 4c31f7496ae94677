using System.Text.Json;
using System.Text.Json.Nodes;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl doctor</c> on a sound folder, and on copies that each have one thing wrong.</summary>
public sealed class DoctorCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public DoctorCommandTests()
    {
        string model = Path.Combine(Golden.Root, "samples", "demo-model");
        folder.Copy(model, [.. Directory.GetFiles(model).Select(file => Path.GetFileName(file))]);
    }

    [Fact]
    public async Task ASoundFolderIsSound()
    {
        (int code, Dictionary<string, string> verdicts, string found) = await Examine("--text", Path.Combine(Golden.Root, "samples", "qwen3-tiny-zh"));
        Assert.True(code == 0, found);
        Assert.DoesNotContain("bad", verdicts.Values);
        Assert.Equal(
            ["configuration", "tensors", "finite", "head", "connector", "image rows", "vocabulary", "end of answer", "special ids", "image token", "layout markers", "round trip", "opening", "chat template", "sight", "text alone"],
            verdicts.Keys);
        Assert.Equal("ok", verdicts["sight"]);
        Assert.Equal("ok", verdicts["text alone"]);
    }

    [Theory]
    [InlineData("config.json", "image_token_id", "2013", "image token")]
    [InlineData("config.json", "tie_word_embeddings", "false", "head")]
    [InlineData("processor_config.json", "image_seq_len", "64", "image rows")]
    [InlineData("generation_config.json", "eos_token_id", "[2000]", "end of answer")]
    [InlineData("generation_config.json", "pad_token_id", "99999", "special ids")]
    public async Task AWrongValueIsFound(string file, string key, string value, string check)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(folder[file]))!.AsObject();
        json[key] = JsonNode.Parse(value);
        if (key == "tie_word_embeddings")
        {
            json["text_config"]![key] = JsonNode.Parse(value);
        }

        File.WriteAllText(folder[file], json.ToJsonString());
        await Finds(check);
    }

    [Fact]
    public async Task AWeightThatIsNoNumberIsFound()
    {
        // the last four bytes of the file belong to some tensor, whose type is F32 or BF16: all ones is NaN in either
        byte[] bytes = File.ReadAllBytes(folder["model.safetensors"]);
        bytes.AsSpan(bytes.Length - 4).Fill(0xFF);
        File.WriteAllBytes(folder["model.safetensors"], bytes);
        await Finds("finite");
    }

    [Fact]
    public async Task AMissingConfigurationIsFound()
    {
        File.Delete(folder["config.json"]);
        await Finds("configuration");
    }

    [Fact]
    public async Task OneReasonIsToldOnce()
    {
        string tokenizer = File.ReadAllText(folder["tokenizer.json"]);
        File.WriteAllText(folder["tokenizer.json"], tokenizer[..(tokenizer.Length / 2)]);
        (int code, Dictionary<string, string> verdicts, string found) = await Examine();
        Assert.Equal(1, code);
        Assert.True(verdicts.Single(each => each.Value == "bad").Key == "vocabulary", found);
        Assert.Contains("not checked, for the same reason as vocabulary", found);
        Assert.Equal("note", verdicts["round trip"]);
    }

    public void Dispose() => folder.Dispose();

    private async Task Finds(string check)
    {
        (int code, Dictionary<string, string> verdicts, string found) = await Examine();
        Assert.Equal(1, code);
        Assert.True(verdicts.GetValueOrDefault(check) == "bad", found);
    }

    private async Task<(int Code, Dictionary<string, string> Verdicts, string Found)> Examine(params string[] args)
    {
        (int code, string output, string error) = await CommandLine.Run(["doctor", folder.Path, "--json", .. args]);
        Assert.True(output.StartsWith('['), error);
        using JsonDocument lines = JsonDocument.Parse(output);
        return (code, lines.RootElement.EnumerateArray().ToDictionary(line => line.GetProperty("check").GetString()!, line => line.GetProperty("verdict").GetString()!), output);
    }
}
