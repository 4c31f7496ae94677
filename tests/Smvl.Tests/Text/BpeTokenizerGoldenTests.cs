using System.Text.Json;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>Texts with the ids and the decoded texts of Hugging Face tokenizers.</summary>
[Trait("Category", Golden.Category)]
public sealed class BpeTokenizerGoldenTests
{
    public static IEnumerable<TheoryDataRow<int>> QwenCases() => Indices("qwen-cases.json");

    public static IEnumerable<TheoryDataRow<int>> TinyCases() => Indices("tiny-cases.json");

    [Theory]
    [MemberData(nameof(QwenCases))]
    public void RealVocabularyGivesTheReferencesIds(int index) => Check(Tokenizers.Qwen(), Golden.Json("tokenizer", "qwen-cases.json")[index]);

    [Theory]
    [MemberData(nameof(TinyCases))]
    public void TinyVocabularyGivesTheReferencesIds(int index) => Check(Tokenizers.Tiny, Golden.Json("tokenizer", "tiny-cases.json")[index]);

    [Theory]
    [MemberData(nameof(TinyCases))]
    public void VocabularyAndMergesGiveTheReferencesIds(int index)
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Tokenizers.TinyFolder, "vocab.json", "merges.txt", "tokenizer_config.json");
        Check(TokenizerFiles.Load(folder.Path), Golden.Json("tokenizer", "tiny-cases.json")[index]);
    }

    private static IEnumerable<TheoryDataRow<int>> Indices(string file) =>
        Enumerable.Range(0, Golden.Json("tokenizer", file).GetArrayLength()).Select(index => new TheoryDataRow<int>(index));

    private static void Check(BpeTokenizer tokenizer, JsonElement golden)
    {
        int[] ids = [.. golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        Assert.Equal(ids, tokenizer.Encode(golden.GetProperty("text").GetString()!));
        Assert.Equal(golden.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        Assert.Equal(golden.GetProperty("decoded").GetString(), Stream(new StreamingDecoder(tokenizer, skipSpecialTokens: false), ids));
        if (golden.TryGetProperty("decoded_skip_special", out JsonElement withoutSpecial))
        {
            Assert.Equal(withoutSpecial.GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
            Assert.Equal(withoutSpecial.GetString(), Stream(new StreamingDecoder(tokenizer), ids));
        }
    }

    private static string Stream(StreamingDecoder decoder, int[] ids) => string.Concat(ids.Select(decoder.Append)) + decoder.Finish();
}
