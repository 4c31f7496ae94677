using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class BpeTokenizerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void DecodingGivesTheNormalizedTextBack(int seed)
    {
        var texts = new RandomText(seed);
        for (int round = 0; round < 300; round++)
        {
            string text = texts.Next(20);
            Assert.Equal(NormalizedAroundTokens(text), Tokenizers.Tiny.Decode(Tokenizers.Tiny.Encode(text)));
        }
    }

    [Fact]
    public void WordsLongerThanTheCacheTakesAreEncodedToo()
    {
        string text = string.Concat(Enumerable.Repeat("一个很长的句子没有标点", 2000));
        Assert.Equal(text, Tokenizers.Tiny.Decode(Tokenizers.Tiny.Encode(text)));
    }

    [Fact]
    public void ThreadsGetTheSameIds()
    {
        string[] texts = [.. Enumerable.Range(0, 64).Select(seed => new RandomText(seed).Next(60))];
        int[][] expected = [.. texts.Select(Tokenizers.Tiny.Encode)];
        BpeTokenizer fresh = TokenizerFiles.Load(Tokenizers.TinyFolder);
        int[][] actual = [.. texts.AsParallel().AsOrdered().WithDegreeOfParallelism(8).Select(fresh.Encode)];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void LongestAddedTokenWinsAndNormalizedOnesMatchNormalizedText()
    {
        BpeTokenizer tokenizer = WithAdded(
            new AddedToken(256, "<a>", Special: true),
            new AddedToken(257, "<a><b>", Special: false),
            new AddedToken(258, "<é>", Special: false, Normalized: true));
        Assert.Equal([257, 256, 'x'], tokenizer.Encode("<a><b><a>x"));
        Assert.Equal([256, '<', 'b'], tokenizer.Encode("<a><b"));
        Assert.Equal([258, 258], tokenizer.Encode("<é><e\u0301>"));
        Assert.Equal("x", tokenizer.Decode([256, 'x'], skipSpecialTokens: true));
    }

    [Theory]
    [InlineData(false, new[] { 256, (int)'c' })]
    [InlineData(true, new[] { 257 })]
    public void IgnoreMergesTakesAWordThatIsATokenWhole(bool ignoreMerges, int[] expected)
    {
        Dictionary<string, int> vocabulary = Bytes();
        (vocabulary["ab"], vocabulary["abc"]) = (256, 257);
        var tokenizer = Tokenizers.Make(vocabulary, [("a", "b")], ignoreMerges: ignoreMerges);
        Assert.Equal(expected, tokenizer.Encode("abc"));
    }

    [Fact]
    public void TokensAreLookedUpInTheFilesSpelling()
    {
        BpeTokenizer tokenizer = Tokenizers.Tiny;
        Assert.Equal(tokenizer.Encode(" ")[0], tokenizer.TokenToId("Ġ"));
        Assert.Equal("Ġ", tokenizer.IdToToken(tokenizer.Encode(" ")[0]));
        Assert.Null(tokenizer.TokenToId("no such token"));
        Assert.Null(tokenizer.IdToToken(tokenizer.VocabularySize));
        Assert.Equal("</think>", tokenizer.IdToToken(tokenizer.VocabularySize - 1));
    }

    [Fact]
    public void IdsWithoutATokenDecodeToNothing() =>
        Assert.Equal("狗", Tokenizers.Tiny.Decode([.. Tokenizers.Tiny.Encode("狗"), Tokenizers.Tiny.VocabularySize, 100_000]));

    [Fact]
    public void HalfASurrogatePairIsRefused() => Assert.Throws<SmvlException>(() => Tokenizers.Tiny.Encode("a\uD83D"));

    [Fact]
    public void StreamHoldsIncompleteCharactersBack()
    {
        BpeTokenizer tokenizer = WithAdded();
        var stream = new StreamingDecoder(tokenizer);
        int[] bytes = [0xE4, 0xB8, 0xAD, 'a', 0xF0, 0x9F, 0x98, 0x80];
        Assert.Equal(["", "", "中", "a", "", "", "", "😀"], [.. bytes.Select(ByteId).Select(stream.Append)]);
        Assert.Equal("", stream.Finish());

        // Broken sequences are replaced as soon as they are certain, and an unfinished one at the end.
        Assert.Equal(["", "\uFFFDa", "\uFFFD", ""], [.. new[] { 0xE4, 'a', 0xFF, 0xE4 }.Select(ByteId).Select(stream.Append)]);
        Assert.Equal("\uFFFD", stream.Finish());

        int ByteId(int value) => tokenizer.TokenToId(ByteLevel.Spelling([(byte)value]))!.Value;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void StreamedPiecesAreTheWholeText(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(300))];
            var stream = new StreamingDecoder(Tokenizers.Tiny, skipSpecialTokens: false);
            Assert.Equal(Tokenizers.Tiny.Decode(ids), string.Concat(ids.Select(stream.Append)) + stream.Finish());
        }
    }

    [Fact]
    public void ContradictoryTokensAreRefused()
    {
        Dictionary<string, int> vocabulary = Bytes();
        Expect("byte 33", without: "!");
        Expect("two tokens have one id", extra: ("again", 7));
        Expect("ids are impossible", extra: ("far", int.MaxValue));
        Expect("ids are impossible", extra: ("below", -1));
        Refused("another id in the vocabulary", () => WithAdded(new AddedToken(256, "!", Special: true)));
        Refused("empty", () => WithAdded(new AddedToken(256, "", Special: true)));
        Refused("left part", () => Tokenizers.Make(vocabulary, [("no", "a")]));
        Refused("result", () => Tokenizers.Make(vocabulary, [("a", "b")]));
        vocabulary["ab"] = 256;
        Refused("listed twice", () => Tokenizers.Make(vocabulary, [("a", "b"), ("a", "b")]));

        static void Expect(string message, string? without = null, (string Token, int Id)? extra = null)
        {
            Dictionary<string, int> changed = Bytes();
            changed.Remove(without ?? "");
            if (extra is { } more)
            {
                changed[more.Token] = more.Id;
            }

            Refused(message, () => Tokenizers.Make(changed));
        }

        static void Refused(string message, Func<BpeTokenizer> make) =>
            Assert.Contains(message, Assert.Throws<SmvlException>(make).Message, StringComparison.Ordinal);
    }

    private static string NormalizedAroundTokens(string text)
    {
        string[] tokens = [.. Tokenizers.Tiny.AddedTokens.Select(token => token.Content)];
        foreach (string token in tokens)
        {
            int at = text.IndexOf(token, StringComparison.Ordinal);
            if (at >= 0)
            {
                return NormalizedAroundTokens(text[..at]) + token + NormalizedAroundTokens(text[(at + token.Length)..]);
            }
        }

        return Nfc.Normalize(text).ToString();
    }

    /// <summary>The bytes with ids such that an ASCII character's is its code.</summary>
    private static Dictionary<string, int> Bytes() =>
        Enumerable.Range(0, 256).ToDictionary(value => ByteLevel.Spelling([(byte)value]), value => value);

    private static BpeTokenizer WithAdded(params AddedToken[] added) => Tokenizers.Make(Bytes(), added: added);
}
