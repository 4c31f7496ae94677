using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class QwenSplitTests
{
    // .NET's case folding lacks the long s, which Oniguruma's has.
    private static readonly Regex Reference =
        new(QwenSplit.Pattern.Replace("(?i:'s|", "(?i:'[sſ]|", StringComparison.Ordinal), RegexOptions.CultureInvariant);

    [Theory]
    [InlineData("I'll can't", "I|'ll| can|'t")]
    [InlineData("价格是 123 元。\n好", "价格是| |1|2|3| 元|。\n|好")]
    [InlineData("a  b\n \n c   ", "a| | b|\n \n| c|   ")]
    [InlineData("x\r\n\r\n", "x|\r\n\r\n")]
    [InlineData("'ſa", "'ſ|a")]
    [InlineData("\U00020000\U00010400\U0001D7D8😀a", "\U00020000\U00010400|\U0001D7D8|😀a")]
    [InlineData(" 😀😀\n", " 😀😀\n")]
    [InlineData("'", "'")]
    [InlineData("'r", "'r")]
    public void WordsAreThePatterns(string text, string words) => Assert.Equal(words, string.Join('|', Split(text)));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ScannerEqualsTheRegularExpression(int seed)
    {
        var texts = new RandomText(seed);
        for (int round = 0; round < 1000; round++)
        {
            string text = texts.Next(20);
            Assert.Equal(ReferenceSplit(text), Split(text));
        }
    }

    private static List<string> Split(string text)
    {
        var words = new List<string>();
        for (int start = 0; start < text.Length;)
        {
            int end = QwenSplit.WordEnd(text, start);
            words.Add(text[start..end]);
            start = end;
        }

        return words;
    }

    /// <summary>
    /// .NET's expressions see UTF-16 units, Oniguruma sees code points: each code point above U+FFFF is matched as a single
    /// character of its class.
    /// </summary>
    private static List<string> ReferenceSplit(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        string shadow = string.Concat(runes.Select(rune => rune.IsBmp ? (char)rune.Value : Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => '字',
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '1',
            _ => '☆',
        }));
        MatchCollection matches = Reference.Matches(shadow);
        Assert.Equal(shadow.Length, matches.Sum(match => match.Length));
        return [.. matches.Select(match => string.Concat(runes.AsSpan(match.Index, match.Length).ToArray().Select(rune => rune.ToString())))];
    }
}
