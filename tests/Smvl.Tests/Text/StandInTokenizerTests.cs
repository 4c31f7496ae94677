using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class StandInTokenizerTests
{
    private const string Sample = "图 a1\n<|im_start|>é<|im_end|>";

    public static IEnumerable<TheoryDataRow<string>> Forms() => [new("tokenizer.json"), new("vocab.json")];

    [Theory]
    [MemberData(nameof(Forms))]
    public void QwenAtFullSizeHasThePublishedIds(string form)
    {
        using TemporaryFolder folder = Write(QwenTokens.From(QwenTokens.PublishedFirstId), QwenTokens.MessageEnd, QwenTokens.EndOfText);
        BpeTokenizer tokenizer = Load(folder, form);
        Assert.Equal(QwenTokens.PublishedFirstId + 26, tokenizer.VocabularySize);
        Assert.Equal(151655, tokenizer.TokenToId(QwenTokens.ImagePad));
        Assert.Equal("<filler_256>", tokenizer.IdToToken(256));
        Assert.Equal("<filler_151642>", tokenizer.IdToToken(151642));
        Check(tokenizer, firstByte: 0, start: 151644, end: 151645);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void TinyQwenHasItsTokensBehindTheBytes(string form)
    {
        using TemporaryFolder folder = Write(QwenTokens.From(256), QwenTokens.MessageEnd, QwenTokens.EndOfText);
        BpeTokenizer tokenizer = Load(folder, form);
        Assert.Equal(282, tokenizer.VocabularySize);
        Check(tokenizer, firstByte: 0, start: 257, end: 258);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void SmolVlmAtFullSizeHasThePublishedIds(string form)
    {
        using TemporaryFolder folder = Write(SmolVlmTokens.Published, SmolVlmTokens.End, SmolVlmTokens.Pad);
        BpeTokenizer tokenizer = Load(folder, form);
        Assert.Equal(49280, tokenizer.VocabularySize);
        Assert.Equal(49152, tokenizer.TokenToId("<global-img>"));
        Assert.Equal(49153, tokenizer.TokenToId("<row_1_col_1>"));
        Assert.Equal(49188, tokenizer.TokenToId("<row_6_col_6>"));
        Assert.Equal(49189, tokenizer.TokenToId("<fake_token_around_image>"));
        Assert.Equal(49190, tokenizer.TokenToId(SmolVlmTokens.Image));
        Assert.Equal("<filler_49191>", tokenizer.IdToToken(49191));
        Assert.Equal(49279, tokenizer.TokenToId(SmolVlmTokens.End));
        Check(tokenizer, firstByte: 3, start: 1, end: 2);
    }

    [Fact]
    public void TinySmolVlmHasItsTokensBehindTheBytes()
    {
        using TemporaryFolder folder = Write(SmolVlmTokens.From(256), SmolVlmTokens.End, SmolVlmTokens.Pad);
        Assert.Equal(256 + 43, TokenizerFiles.Load(folder.Path).VocabularySize);
        Check(TokenizerFiles.Load(folder.Path), firstByte: 0, start: 257, end: 258);
    }

    private static TemporaryFolder Write(IReadOnlyList<AddedToken> added, string endToken, string padToken)
    {
        var folder = new TemporaryFolder();
        StandInTokenizer.Write(folder.Path, added, endToken, padToken);
        return folder;
    }

    private static BpeTokenizer Load(TemporaryFolder folder, string form)
    {
        if (form != "tokenizer.json")
        {
            File.Delete(Path.Combine(folder.Path, "tokenizer.json"));
        }

        return TokenizerFiles.Load(folder.Path, notice => Assert.Fail(notice));
    }

    private static void Check(BpeTokenizer tokenizer, int firstByte, int start, int end)
    {
        int[] text = [.. "图 a1\n"u8.ToArray().Select(value => firstByte + value)];
        int[] accented = [.. "é"u8.ToArray().Select(value => firstByte + value)];
        Assert.Equal([.. text, start, .. accented, end], tokenizer.Encode(Sample));
        Assert.Equal(Sample, tokenizer.Decode(tokenizer.Encode(Sample)));
    }
}
