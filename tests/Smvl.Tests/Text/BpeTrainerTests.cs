using System.Text.Json;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class BpeTrainerTests : IDisposable
{
    private const string Breaks = "\n\n", BreaksSpelling = "ĊĊ";

    private readonly TemporaryFolder temporary = new();

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Golden.Json("tokenizer", "bpe-training.json").GetProperty("cases").GetArrayLength())];

    public void Dispose() => temporary.Dispose();

    [Theory]
    [Trait("Category", Golden.Category)]
    [MemberData(nameof(Cases))]
    public void ItLearnsWhatTheReferenceLearns(int number)
    {
        JsonElement golden = Golden.Json("tokenizer", "bpe-training.json").GetProperty("cases")[number];
        string[] texts = Strings(golden.GetProperty("texts"));
        LearntTokens learnt = BpeTrainer.Train(texts, golden.GetProperty("size").GetInt32(), []);
        Assert.Equal(Strings(golden.GetProperty("vocabulary")), learnt.Vocabulary);
        Assert.Equal(golden.GetProperty("merges").EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!)), learnt.Merges);

        TokenizerWriter.Write(temporary.Path, learnt);
        BpeTokenizer tokenizer = TokenizerFiles.Load(temporary.Path);
        Assert.Equal(
            golden.GetProperty("ids").EnumerateArray().Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray()),
            texts.Take(golden.GetProperty("ids").GetArrayLength()).Select(tokenizer.Encode));
    }

    [Fact]
    public void AllFilesAreOneTokenizer()
    {
        string[] texts = ["左上角有一个红色的圆形。\n\n中间有一个蓝色的方形。", "What is in the picture?\n\nA red circle."];
        LearntTokens learnt = BpeTrainer.Train(texts, 300, [Breaks]);
        TokenizerWriter.Write(temporary.Path, learnt);
        BpeTokenizer whole = TokenizerFiles.Load(temporary.Path);
        File.Delete(temporary["tokenizer.json"]);
        BpeTokenizer parts = TokenizerFiles.Load(temporary.Path);
        Assert.Equal(QwenTokens.From(300), whole.AddedTokens);
        Assert.Equal(QwenTokens.From(300), parts.AddedTokens);
        Assert.Equal(326, whole.VocabularySize);
        Assert.Equal(300, whole.TokenToId(QwenTokens.EndOfText));
        foreach (string text in texts)
        {
            Assert.Equal(whole.Encode(text), parts.Encode(text));
            Assert.Equal(text, whole.Decode(whole.Encode(text)));
        }
    }

    [Fact]
    public void AWantedPairThatTheTextsLackIsTheFirstMerge()
    {
        string[] texts = ["a question and an answer", "another question"];
        Assert.DoesNotContain(BreaksSpelling, BpeTrainer.Train(texts, 270, []).Vocabulary);
        LearntTokens learnt = BpeTrainer.Train(texts, 270, [Breaks]);
        Assert.Equal(("Ċ", "Ċ"), learnt.Merges[0]);
        Assert.Equal(BreaksSpelling, learnt.Vocabulary[256]);
        Assert.Equal(BpeTrainer.Train(texts, 269, []).Merges, learnt.Merges.Skip(1));
        TokenizerWriter.Write(temporary.Path, learnt);
        BpeTokenizer tokenizer = TokenizerFiles.Load(temporary.Path);
        Assert.Single(tokenizer.Encode("\n"));
        Assert.Equal([256], tokenizer.Encode(Breaks));
    }

    [Fact]
    public void AWantedPairThatTheTextsTeachKeepsItsPlace()
    {
        string[] texts = ["aa\n\naa\n\naa", "aa aa"];
        LearntTokens learnt = BpeTrainer.Train(texts, 258, []);
        Assert.Equal(BreaksSpelling, learnt.Vocabulary[257]);
        Assert.Equal(learnt.Merges, BpeTrainer.Train(texts, 258, [Breaks]).Merges);
    }

    [Fact]
    public void TooFewTextsAreRefused() => Assert.Contains(
        "the texts have too few pairs to learn from",
        Assert.Throws<SmvlException>(() => BpeTrainer.Train(["ab"], 300, [])).Message);

    [Fact]
    public void ASizeBelowTheBytesIsRefused() => Assert.Contains(
        "expected at least 257, actual 256", Assert.Throws<SmvlException>(() => BpeTrainer.Train(["ab"], 256, [Breaks])).Message);

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];
}
