using System.Text.Json;
using Smvl.Formats.Gguf;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>A tokenizer written into GGUF keys as llama.cpp's converter does, read back: the ids of Hugging Face tokenizers.</summary>
public sealed class GgufTokenizerTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TinyVocabularyGivesTheReferencesIds() =>
        Check(Tokenizers.Tiny, File.ReadAllLines(Path.Combine(Tokenizers.TinyFolder, "merges.txt")), "tiny-cases.json");

    [Fact]
    [Trait("Category", Golden.Category)]
    public void RealVocabularyGivesTheReferencesIds() =>
        Check(Tokenizers.Qwen(), File.ReadAllLines(Path.Combine(Tokenizers.QwenFolder, "merges.txt")), "qwen-cases.json");

    [Theory]
    [InlineData(1, "3 types for as many tokens")]
    [InlineData(6, "6 for token 0")]
    public void TypesThatDoNotFitAreRefused(int type, string said)
    {
        GgufWriter writer = Writer(["a", "b", "c"], [.. Enumerable.Repeat(type, type == 1 ? 2 : 3)], []);
        Assert.Contains(said, Refused(writer), StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenThatIsPutInFrontIsRefused()
    {
        GgufWriter writer = Writer(["a"], [1], []);
        writer.Add(GgufKeys.Tokenizer.AddBosToken, true);
        Assert.Contains(GgufKeys.Tokenizer.AddBosToken, Refused(writer), StringComparison.Ordinal);
    }

    private static GgufWriter Writer(IReadOnlyCollection<string> tokens, IReadOnlyCollection<int> types, IReadOnlyCollection<string> merges)
    {
        var writer = new GgufWriter();
        writer.Add(GgufKeys.Tokenizer.Model, GgufKeys.Tokenizer.BytePairs);
        writer.Add(GgufKeys.Tokenizer.PreTokenizer, GgufKeys.Tokenizer.QwenPreTokenizer);
        writer.Add(GgufKeys.Tokenizer.Tokens, tokens);
        writer.Add(GgufKeys.Tokenizer.TokenTypes, types);
        writer.Add(GgufKeys.Tokenizer.Merges, merges);
        return writer;
    }

    private void Check(BpeTokenizer original, string[] mergeLines, string cases)
    {
        const int padding = 7;
        Dictionary<int, AddedToken> added = original.AddedTokens.ToDictionary(token => token.Id);
        int[] ids = [.. Enumerable.Range(0, original.VocabularySize + padding)];
        GgufWriter writer = Writer(
            [.. ids.Select(id => original.IdToToken(id) ?? $"[PAD{id}]")],
            [.. ids.Select(id => (int)TypeOf(id))],
            [.. mergeLines.Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))]);
        writer.Write(temporary["tokenizer.gguf"], []);
        using GgufFile file = GgufFile.Open(temporary["tokenizer.gguf"]);
        BpeTokenizer read = GgufTokenizer.Read(file.Metadata);
        Assert.Equal(original.VocabularySize, read.VocabularySize);
        Assert.Equal(original.AddedTokens.OrderBy(token => token.Id), read.AddedTokens);
        foreach (JsonElement golden in Golden.Json("tokenizer", cases).EnumerateArray())
        {
            string text = golden.GetProperty("text").GetString()!;
            Assert.Equal(golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), read.Encode(text));
            Assert.Equal(golden.GetProperty("decoded").GetString(), read.Decode(read.Encode(text)));
        }

        GgufTokenType TypeOf(int id) =>
            added.TryGetValue(id, out AddedToken? token) ? (token.Special ? GgufTokenType.Control : GgufTokenType.UserDefined)
            : original.IdToToken(id) is null ? GgufTokenType.Unused : GgufTokenType.Normal;
    }

    private string Refused(GgufWriter writer)
    {
        writer.Write(temporary["tokenizer.gguf"], []);
        using GgufFile file = GgufFile.Open(temporary["tokenizer.gguf"]);
        return Assert.Throws<SmvlException>(() => GgufTokenizer.Read(file.Metadata)).Message;
    }
}
