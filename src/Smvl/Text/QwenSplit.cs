using System.Globalization;
using System.Text;

namespace Smvl.Text;

/// <summary>
/// Qwen's split pattern as a scanner: cuts a text into the words inside which byte pairs are merged.
/// The meaning is <see cref="Pattern"/> as Oniguruma reads it (code points, full Unicode classes, case folding by which
/// U+017F is an s); tests compare the two. The alternatives are tried in the pattern's order, each commented below.
/// </summary>
internal static class QwenSplit
{
    /// <summary>As tokenizer.json spells it.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const byte Other = 0, Letter = 1, Number = 2, Space = 3, NewLine = 4, Surrogate = 5;

    /// <summary>The class of every UTF-16 unit; a surrogate's depends on its pair.</summary>
    private static readonly byte[] Classes = MakeClasses();

    /// <summary>The end of the word that starts at <paramref name="start"/>; the text is well formed and does not end there.</summary>
    public static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        // (?i:'s|'t|'re|'ve|'m|'ll|'d)
        if (text[start] == '\'' && Contraction(text[(start + 1)..]) is > 0 and int suffix)
        {
            return start + 1 + suffix;
        }

        byte first = ClassAt(text, start, out int next);

        // [^\r\n\p{L}\p{N}]?\p{L}+
        if (first == Letter)
        {
            return SkipWhile(text, next, Letter);
        }

        if (first is Other or Space && ClassAt(text, next, out int afterSecond) == Letter)
        {
            return SkipWhile(text, afterSecond, Letter);
        }

        // \p{N}
        if (first == Number)
        {
            return next;
        }

        // ' '?[^\s\p{L}\p{N}]+[\r\n]*
        if (first == Other || (text[start] == ' ' && ClassAt(text, next, out _) == Other))
        {
            return SkipWhile(text, SkipWhile(text, next, Other), NewLine);
        }

        // White space is left, all of it single units: \s*[\r\n]+ ends behind the run's last line break ...
        int end = next;
        int lastBreak = first == NewLine ? start : -1;
        for (; end < text.Length && Classes[text[end]] is Space or NewLine; end++)
        {
            if (Classes[text[end]] == NewLine)
            {
                lastBreak = end;
            }
        }

        if (lastBreak >= 0)
        {
            return lastBreak + 1;
        }

        // ... \s+(?!\S) leaves the last one to the word behind it, and \s+ takes a single one.
        return end == text.Length || end == next ? end : end - 1;
    }

    private static int SkipWhile(ReadOnlySpan<char> text, int index, byte wanted)
    {
        while (ClassAt(text, index, out int next) == wanted)
        {
            index = next;
        }

        return index;
    }

    /// <summary>The class of the code point at an index and where the next one starts; behind the text it is white space.</summary>
    private static byte ClassAt(ReadOnlySpan<char> text, int index, out int next)
    {
        next = index + 1;
        if (index >= text.Length)
        {
            return Space;
        }

        byte found = Classes[text[index]];
        if (found == Surrogate)
        {
            next = index + 2;
            found = ClassOf(new Rune(text[index], text[index + 1]));
        }

        return found;
    }

    private static int Contraction(ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty)
        {
            return 0;
        }

        if (rest[0] is 's' or 'S' or 'ſ' or 't' or 'T' or 'm' or 'M' or 'd' or 'D')
        {
            return 1;
        }

        return rest.StartsWith("re", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("ve", StringComparison.OrdinalIgnoreCase) ||
            rest.StartsWith("ll", StringComparison.OrdinalIgnoreCase)
            ? 2
            : 0;
    }

    private static byte[] MakeClasses()
    {
        var classes = new byte[0x10000];
        for (int c = 0; c < classes.Length; c++)
        {
            classes[c] = char.IsSurrogate((char)c) ? Surrogate : ClassOf(new Rune(c));
        }

        classes['\r'] = classes['\n'] = NewLine;
        return classes;
    }

    private static byte ClassOf(Rune rune) => Rune.IsWhiteSpace(rune) ? Space : Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        _ => Other,
    };
}
