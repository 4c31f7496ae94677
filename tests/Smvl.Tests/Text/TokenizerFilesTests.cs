using System.Text.Json.Nodes;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class TokenizerFilesTests
{
    [Fact]
    public void FolderWithoutTokenizerIsRefused()
    {
        using var folder = new TemporaryFolder();
        Refused("no such folder", Path.Combine(folder.Path, "none"));
        Refused("none of them", folder.Path);
        folder.Copy(Tokenizers.TinyFolder, "vocab.json");
        Refused("vocab.json only", folder.Path);
        folder.Copy(Tokenizers.TinyFolder, "merges.txt");
        TokenizerFiles.Load(folder.Path);
        File.Delete(Path.Combine(folder.Path, "vocab.json"));
        Refused("merges.txt only", folder.Path);
    }

    [Fact]
    public void VocabularyWithoutAddedTokensIsReadAsQwen3AndSaysSo()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Tokenizers.TinyFolder, "vocab.json", "merges.txt");
        List<string> notices = [];
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder.Path, notices.Add);
        Assert.Contains("Qwen3's 26", Assert.Single(notices), StringComparison.Ordinal);
        Assert.Equal(Tokenizers.Tiny.AddedTokens, tokenizer.AddedTokens);
    }

    [Fact]
    public void AddedTokensOfTheConfigAreTaken()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Tokenizers.TinyFolder, "vocab.json", "merges.txt");
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder": {"1001": {"content": "<b>"}, "1000": {"content": "<a>", "special": true}}}""");
        List<string> notices = [];
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder.Path, notices.Add);
        Assert.Empty(notices);
        Assert.Equal([new AddedToken(1000, "<a>", true), new AddedToken(1001, "<b>", false, Normalized: true)], tokenizer.AddedTokens);
        Assert.Equal([1000, 1001], tokenizer.Encode("<a><b>"));
    }

    [Fact]
    public void MergesMayBeStringsAndTheConfigMayAddTokens()
    {
        using var folder = new TemporaryFolder();
        JsonObject json = TinyJson();
        JsonArray merges = json["model"]!["merges"]!.AsArray();
        json["model"]!["merges"] = new JsonArray([.. merges.Select(pair => (JsonNode)$"{pair![0]} {pair[1]}")]);
        json["post_processor"] = JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}""");
        folder.Write("tokenizer.json", json.ToJsonString());
        int next = Tokenizers.Tiny.VocabularySize;
        string config = """{"added_tokens_decoder": {"NEXT": {"content": "<new>", "special": true}}}""";
        folder.Write("tokenizer_config.json", config.Replace("NEXT", $"{next}", StringComparison.Ordinal));
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder.Path);
        Assert.Equal([.. Tokenizers.Tiny.Encode("图中有什么？"), next], tokenizer.Encode("图中有什么？<new>"));
    }

    [Theory]
    [InlineData("normalizer", """{"type": "NFKC"}""", "normalizer|type|NFKC")]
    [InlineData("normalizer", "null", "normalizer is missing")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel"}""", "pre_tokenizer.type")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "Digits"}]}""", "Digits")]
    [InlineData("decoder", """{"type": "Metaspace"}""", "Metaspace")]
    [InlineData("decoder", "null", "decoder")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "BertProcessing")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "special_tokens": {"<s>": {}}, "single": [{}]}""", "special_tokens")]
    [InlineData("model", "null", "model is missing")]
    [InlineData("model", """{"type": "Unigram", "vocab": [["a", 0]]}""", "Unigram")]
    [InlineData("model", """{"type": "BPE", "byte_fallback": true}""", "byte_fallback")]
    [InlineData("model", """{"type": "BPE", "dropout": 0.1}""", "dropout")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": "b"}}""", "vocab.a")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 1}}""", "merges is missing")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 1}, "merges": ["a b c"]}""", "not a merge")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 1}, "merges": [["a"]]}""", "merges")]
    [InlineData("added_tokens", """[{"id": 1, "content": "<a>", "lstrip": true}]""", "added_tokens[0].lstrip")]
    [InlineData("added_tokens", """[{"id": 1, "content": "<a>", "single_word": true}]""", "single_word")]
    [InlineData("added_tokens", """[{"id": 1000, "content": "<a>"}, {"id": 1001, "content": "<a>"}]""", "listed twice")]
    [InlineData("added_tokens", """[{"content": "<a>"}]""", "added_tokens[0].id")]
    [InlineData("added_tokens", """[{"id": 1000}]""", "content")]
    public void OtherTokenizersAreRefusedByName(string key, string value, string named)
    {
        using var folder = new TemporaryFolder();
        JsonObject json = TinyJson();
        json[key] = JsonNode.Parse(value);
        folder.Write("tokenizer.json", json.ToJsonString());
        string message = Assert.Throws<SmvlException>(() => TokenizerFiles.Load(folder.Path)).Message;
        Assert.StartsWith(Path.Combine(folder.Path, "tokenizer.json"), message, StringComparison.Ordinal);
        Assert.All(named.Split('|'), part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void TheListsMayStandInAnyOrderAndSpelling()
    {
        using var folder = new TemporaryFolder();
        JsonObject json = TinyJson();
        JsonObject model = json["model"]!.AsObject();
        JsonNode vocabulary = model["vocab"]!;
        model.Remove("vocab");
        model["vocab"] = vocabulary;   // behind the merges
        json.Remove("model");
        json.Insert(0, "model", model);
        json["x"] = JsonNode.Parse("""{"vocab": {"a": 7}, "merges": ["a b"], "model": {"vocab": {"a": 7}}}""");

        // indented, and with every character escaped that is not ASCII
        folder.Write("tokenizer.json", json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
        BpeTokenizer tokenizer = TokenizerFiles.Load(folder.Path);
        Assert.Equal(Tokenizers.Tiny.VocabularySize, tokenizer.VocabularySize);
        Assert.Equal(Tokenizers.Tiny.Encode("图中有什么？ A small 🐱."), tokenizer.Encode("图中有什么？ A small 🐱."));
    }

    [Fact]
    public void MergesMayHaveWindowsLineEnds()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Tokenizers.TinyFolder, "vocab.json", "tokenizer_config.json");
        folder.Write("merges.txt", File.ReadAllText(Path.Combine(Tokenizers.TinyFolder, "merges.txt")).ReplaceLineEndings("\r\n").TrimEnd());
        Assert.Equal(Tokenizers.Tiny.Encode("图中有什么？"), TokenizerFiles.Load(folder.Path).Encode("图中有什么？"));
    }

    [Theory]
    [InlineData("vocab.json", "", "not JSON")]
    [InlineData("vocab.json", "{\"a\": 1", "not JSON")]
    [InlineData("vocab.json", "{\"a\": 1} {}", "not JSON")]
    [InlineData("vocab.json", "[1]", "vocab.json: ")]
    [InlineData("vocab.json", "{\"a\": 1, \"b\": 2.5}", "b has a wrong value")]
    [InlineData("vocab.json", "{\"a\": 1, \"a\": 2}", "given once")]
    [InlineData("vocab.json", "{\"\\ud800\": 1}", "vocab.json: ")]
    [InlineData("merges.txt", "c\n", "not a merge")]
    [InlineData("merges.txt", " a\n", "not a merge")]
    [InlineData("merges.txt", "nothing there\n", "lacks")]
    public void DamagedListsAreRefused(string name, string content, string named)
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Tokenizers.TinyFolder, "vocab.json", "merges.txt", "tokenizer_config.json");
        folder.Write(name, content);
        Refused(named, folder.Path);
    }

    [Fact]
    public void AnotherSplitPatternIsRefused()
    {
        using var folder = new TemporaryFolder();
        JsonObject json = TinyJson();
        json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = @"\p{N}{1,3}";
        folder.Write("tokenizer.json", json.ToJsonString());
        Refused(@"\p{N}{1,3}", folder.Path);
    }

    [Fact]
    public void DamagedAndContradictoryFilesAreRefused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", "{\"model\": ");
        Refused("not JSON", folder.Path);
        folder.Copy(Tokenizers.TinyFolder, "tokenizer.json");
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder": {"1001": {"content": "<think>"}}}""");
        Refused("differs", folder.Path);
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder": {"one": {"content": "<think>"}}}""");
        Refused("a token id", folder.Path);
    }

    private static JsonObject TinyJson() => JsonNode.Parse(File.ReadAllText(Path.Combine(Tokenizers.TinyFolder, "tokenizer.json")))!.AsObject();

    private static void Refused(string message, string folder) =>
        Assert.Contains(message, Assert.Throws<SmvlException>(() => TokenizerFiles.Load(folder)).Message, StringComparison.Ordinal);
}
