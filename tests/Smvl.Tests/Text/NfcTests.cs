using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class NfcTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("中文 text", "中文 text")]
    [InlineData("e\u0301", "é")]
    [InlineData("xe\u0301x", "xéx")]
    [InlineData("中e\u0301文u\u0308\u0304。", "中é文ǖ。")]
    [InlineData("a\u0323\u0307", "ạ\u0307")]                 // composes with the first mark only
    [InlineData("a\u0307\u0323", "ạ\u0307")]                 // marks are sorted first
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]           // sorted, and nothing to compose
    [InlineData("o\u0328\u0304", "ǭ")]
    [InlineData("o\u0304\u0328", "ǭ")]
    [InlineData("\u0301e", "\u0301e")]                       // a mark without a starter
    [InlineData("e\u0301\u0301", "é\u0301")]
    [InlineData("\u212B\u2126", "ÅΩ")]                       // singletons
    [InlineData("\u0958", "\u0915\u093C")]                   // excluded from composition
    [InlineData("\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u1100\u1161\u11A8", "각")]
    [InlineData("\u1100\u1161", "가")]
    [InlineData("\uAC00\u11A8", "각")]
    [InlineData("\uAC01\u11A8", "각\u11A8")]
    [InlineData("\uF900", "豈")]
    [InlineData("\U0002F800", "丽")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\U0001F600e\u0301", "\U0001F600é")]
    [InlineData("\U000105D2\u0307", "\U000105D2\u0307")]     // composes in Unicode 16, not in the reference's 9
    public void TextIsBroughtIntoFormC(string text, string expected)
    {
        Assert.Equal(expected, Nfc.Normalize(text).ToString());
        Assert.Equal(expected, Nfc.Normalize(expected).ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void CuttingAtSettledCharactersChangesNothing(int seed)
    {
        var texts = new RandomText(seed);
        for (int round = 0; round < 300; round++)
        {
            string first = texts.Next(12);
            string second = texts.Next(12);
            string normal = Nfc.Normalize(first + "中" + second).ToString();
            Assert.Equal(Nfc.Normalize(first).ToString() + Nfc.Normalize("中" + second).ToString(), normal);
            Assert.Equal(normal, Nfc.Normalize(normal).ToString());
        }
    }

    [Fact]
    public void HalfASurrogatePairIsRefused()
    {
        // Not a theory: an attribute stores its strings as UTF-8, which has no half pairs.
        foreach (string text in (string[])["a\uD83D", "\uD83Dx", "\uDE00", "\uDE00\uD83D"])
        {
            string message = Assert.Throws<SmvlException>(() => Nfc.Normalize(text).ToString()).Message;
            Assert.Contains("surrogate", message, StringComparison.Ordinal);
        }
    }
}
