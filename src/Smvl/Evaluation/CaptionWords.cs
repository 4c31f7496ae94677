using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>
/// Captions as the words that BLEU and CIDEr count: lower case, clitics apart (<c>do n't</c>, <c>man 's</c>), without the punctuation that
/// COCO's evaluation drops; Chinese characters are words of their own. COCO's evaluation runs Stanford's PTBTokenizer, of which this is
/// the part that plain English sentences need. Source: salaniz/pycocoevalcap tokenizer/ptbtokenizer.py at ad63453.
/// </summary>
internal static partial class CaptionWords
{
    private static readonly HashSet<string> Dropped =
        ["''", "'", "``", "`", "-lrb-", "-rrb-", "-lcb-", "-rcb-", ".", "?", "!", ",", ":", "-", "--", "...", ";", "\"", "(", ")", "{", "}", "。", "，", "！", "？", "、", "；", "："];

    public static string[] Of(string caption) =>
        [.. Word().Matches(caption.ToLowerInvariant().Replace('’', '\'')).Select(match => match.Value).Where(word => !Dropped.Contains(word))];

    // from left to right: Chinese, what precedes n't, n't, other clitics, numbers, words with inner hyphens and periods, marks
    [GeneratedRegex(@"\p{IsCJKUnifiedIdeographs}|\p{L}+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\d+(?:[.,:/]\d+)*%?|(?:\p{L}\.){2,}|[\p{L}\d]+(?:-[\p{L}\d]+)*|\.\.\.|--|\S")]
    private static partial Regex Word();
}
