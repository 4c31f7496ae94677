using System.Text;

namespace Smvl.Evaluation;

/// <summary>
/// Equality of short answers but for case, punctuation and white space around them, as lmms-eval's exact_match with ignore_case and
/// ignore_punctuation; full-width letters and Chinese punctuation count as their ASCII twins.
/// </summary>
public static class ExactMatch
{
    /// <summary>U+FF01 to U+FF5E are ASCII's U+0021 to U+007E, and U+3000 is its space.</summary>
    private const char FirstFullWidth = '\uFF01', LastFullWidth = '\uFF5E', IdeographicSpace = '\u3000';

    private const int FullWidthOffset = 0xFEE0;

    public static bool IsRight(string answer, IReadOnlyList<string> expected)
    {
        string given = Plain(answer);
        return expected.Any(other => Plain(other) == given);
    }

    /// <summary>Full-width ASCII as ASCII; nothing else is changed.</summary>
    public static string FoldFullWidth(string text) => string.Create(text.Length, text, (folded, from) =>
    {
        for (int i = 0; i < folded.Length; i++)
        {
            folded[i] = from[i] switch
            {
                >= FirstFullWidth and <= LastFullWidth => (char)(from[i] - FullWidthOffset),
                IdeographicSpace => ' ',
                var other => other,
            };
        }
    });

    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char letter in FoldFullWidth(text).ToLowerInvariant())
        {
            // Python's string.punctuation has symbols such as $ and + among its marks
            if (!char.IsPunctuation(letter) && !(char.IsAscii(letter) && char.IsSymbol(letter)))
            {
                plain.Append(letter);
            }
        }

        return plain.ToString().Trim();
    }
}
