using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>
/// MMMU's reading of open answers: the tail behind words such as "is" or "=", its numbers, compared as numbers of two decimals or as part
/// of a text. Source: parse_open_response and eval_open in MMMU-Benchmark/MMMU eval/eval_utils.py at 51ce7f3, as lmms-eval
/// lmms_eval/tasks/mmmu/utils.py has them at 75571cf.
/// </summary>
public static partial class OpenAnswer
{
    private static readonly string[] Indicators = ["could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result "];

    private static readonly string[] Trivial = [":", ",", ".", "!", "?", ";", "'"];

    public static bool IsRight(string answer, IReadOnlyList<string> expected)
    {
        List<(double? Number, string Text)> wanted = [.. expected.SelectMany(Normalised)];
        string[] keys = [.. KeyResponses(answer)];
        IEnumerable<(double? Number, string Text)> given = keys.Concat(keys.SelectMany(Numbers)).SelectMany(Normalised);
        return given.Any(said => said.Number is { } number
            ? wanted.Any(want => want.Number == number)
            : wanted.Any(want => want.Number is null && said.Text.Contains(want.Text, StringComparison.Ordinal)));
    }

    private static List<string> KeyResponses(string answer)
    {
        string text = answer.Trim().Trim('.').ToLowerInvariant();
        string[] parts = SentenceEnd().Split(text);
        var keys = new List<string>();
        for (int i = 0; i < parts.Length; i++)
        {
            // the last part may be an equation
            IEnumerable<string> marks = i == parts.Length - 1 ? [.. Indicators, "="] : Indicators;
            string? shortest = null;
            foreach (string mark in marks.Where(mark => parts[i].Contains(mark, StringComparison.Ordinal)))
            {
                string tail = parts[i][(parts[i].LastIndexOf(mark, StringComparison.Ordinal) + mark.Length)..].Trim();
                shortest = string.IsNullOrEmpty(shortest) || tail.Length < shortest.Length ? tail : shortest;
            }

            if (!string.IsNullOrEmpty(shortest) && !Trivial.Contains(shortest))
            {
                keys.Add(shortest);
            }
        }

        return keys.Count == 0 ? [text] : keys;
    }

    private static IEnumerable<string> Numbers(string text) =>
        WithCommas().Matches(text).Concat(Scientific().Matches(text)).Concat(Simple().Matches(text)).Select(match => match.Value);

    private static (double? Number, string Text)[] Normalised(string text)
    {
        string trimmed = text.Trim();
        if (PythonFloat.TryParse(trimmed.Replace(",", "")) is { } number)
        {
            return [(double.IsFinite(number) ? Math.Round(number, 2) : number, "")];
        }

        string lower = trimmed.ToLowerInvariant();
        return lower.Length == 1 ? [(null, $" {lower}"), (null, $"{lower} ")] : [(null, lower)];
    }

    // the source looks for an upper-case letter behind the full stop, in a text that it has lowered: only line breaks part
    [GeneratedRegex(@"\.\s(?=[A-Z])|\n")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"-?\b\d{1,3}(?:,\d{3})+\b")]
    private static partial Regex WithCommas();

    [GeneratedRegex(@"-?\d+(?:\.\d+)?[eE][+-]?\d+")]
    private static partial Regex Scientific();

    [GeneratedRegex(@"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])")]
    private static partial Regex Simple();
}
