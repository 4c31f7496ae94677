using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>
/// Which of the options an answer means: the letter, or null where it names none. Each of the field's ways, since they differ on answers
/// that are more than a letter.
/// </summary>
public static partial class ChoiceLetters
{
    private static readonly string[] Phrases =
    [
        "the answer is", "answer is", "the correct answer is", "correct answer is", "the best answer is", "best answer is",
        "the correct option is", "correct option is", "the best option is", "best option is", "the choice is", "choice is",
        "the correct choice is", "correct choice is", "i choose", "i select", "i pick", "my answer is", "my choice is",
        "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは",
    ];

    private static readonly string[] Refusals =
    [
        "Sorry, I can't help with images of people yet.", "I can't process this file.", "I'm sorry, but without the image provided", "Cannot determine the answer",
    ];

    /// <summary>
    /// The letter in the most telling of ten forms; of equals the last. Source: extract_mcq_answer in lmms-eval
    /// lmms_eval/tasks/_task_utils/mcq_extract.py at 75571cf.
    /// </summary>
    public static string? Anywhere(string answer, IReadOnlyList<string> letters)
    {
        string text = answer.Trim();
        foreach (char mark in ",.!?;:'\"")
        {
            text = text.Trim(mark);
        }

        if (answer.Trim().Length == 0)
        {
            return null;
        }

        text = $" {text} ";
        var found = new List<(string Letter, int Place, int Priority)>();
        foreach ((string before, string after, int priority) in ((string, string, int)[])[("(", ")", 6), ("", ".", 5), ("", ":", 4), ("", ")", 3), ("", " ", 2)])
        {
            found.AddRange(letters.Select(letter => (letter, text.LastIndexOf(before + letter + after, StringComparison.Ordinal), priority)).Where(hit => hit.Item2 >= 0));
        }

        string lower = text.ToLowerInvariant();
        foreach (string phrase in Phrases)
        {
            int at = lower.IndexOf(phrase, StringComparison.Ordinal);
            if (at >= 0)
            {
                found.AddRange(letters.Select(letter => (letter, text.IndexOf(letter, Math.Min(text.Length, at + phrase.Length), StringComparison.Ordinal), 7)).Where(hit => hit.Item2 >= 0));
            }
        }

        string stripped = text.Trim();
        found.AddRange(letters.Where(letter => stripped.StartsWith(letter, StringComparison.Ordinal) && (stripped.Length == 1 || !char.IsLetter(stripped[1]))).Select(letter => (letter, 0, 10)));
        found.AddRange(letters.Where(letter => stripped.EndsWith(letter, StringComparison.Ordinal) && (stripped.Length == 1 || !char.IsLetter(stripped[^2]))).Select(letter => (letter, text.Length - 1, 9)));
        if (found.Count == 0)
        {
            found.AddRange(letters.Select(letter => (letter, text.LastIndexOf(letter, StringComparison.Ordinal), 0)).Where(hit => hit.Item2 >= 0));
        }

        return found.Count == 0 ? null : found.OrderByDescending(hit => hit.Priority).ThenByDescending(hit => hit.Place).First().Letter;
    }

    /// <summary>
    /// A letter that stands alone near the end, or else the one option whose text the answer holds; <c>Z</c> is a refusal. Source: can_infer
    /// in VLMEvalKit vlmeval/utils/matching_util.py at e8e78f0.
    /// </summary>
    public static string? Inferred(string answer, IReadOnlyDictionary<string, string> options) =>
        InferredLetter(answer, options) ?? InferredText(answer, options);

    /// <summary>
    /// <c>B. text</c> at the beginning, or nothing but the letter, punctuation aside. Source: MultiChoiceRegexFilter and exact_match in
    /// lmms-eval lmms_eval/tasks/ai2d/utils.py at 75571cf.
    /// </summary>
    public static string? Leading(string answer, IReadOnlyList<string> letters)
    {
        Match match = LetterAndPeriod().Match(answer);
        string rest = match.Success ? match.Groups[1].Value : answer;
        return letters.FirstOrDefault(letter => ExactMatch.IsRight(rest, [letter]));
    }

    /// <summary>
    /// Nothing but the letter, or a text that begins with it and a full stop. Source: sqa_process_results in lmms-eval
    /// lmms_eval/tasks/scienceqa/utils.py at 75571cf.
    /// </summary>
    public static string? Bare(string answer, IReadOnlyList<string> letters)
    {
        string text = answer.Trim();
        string letter = text.Length >= 2 && char.IsUpper(text[0]) && text[1] == '.' ? text[..1] : text;
        return letters.FirstOrDefault(other => string.Equals(other, letter, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// MMMU's reading; null where the official scorer would draw lots. Source: parse_multi_choice_response in MMMU-Benchmark/MMMU
    /// eval/eval_utils.py at 51ce7f3, as lmms-eval lmms_eval/tasks/_task_utils/mmmu_mcq_utils.py has it at 75571cf.
    /// </summary>
    public static string? Mmmu(string answer, IReadOnlyDictionary<string, string> options)
    {
        string text = answer;
        foreach (char mark in ",.!?;:'")
        {
            text = text.Trim(mark);
        }

        text = $" {text} ";
        foreach ((string has, string place) in ((string, string)[])[("({0})", "({0})"), ("{0} ", " {0} "), ("{0}.", " {0} ")])
        {
            string[] hits = [.. options.Keys.Where(letter => text.Contains(has.Replace("{0}", letter), StringComparison.Ordinal))];
            if (hits.Length > 0)
            {
                return Last(hits, letter => text.LastIndexOf(place.Replace("{0}", letter), StringComparison.Ordinal));
            }
        }

        if (text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length <= 5)
        {
            return null;
        }

        string lower = text.ToLowerInvariant();
        string[] texts = [.. options.Where(option => lower.Contains(option.Value.ToLowerInvariant(), StringComparison.Ordinal)).Select(option => option.Key)];
        return texts.Length == 0 ? null : Last(texts, letter => lower.LastIndexOf(options[letter].ToLowerInvariant(), StringComparison.Ordinal));

        // numpy's argmax: the first of equals
        static string Last(string[] letters, Func<string, int> place) => letters.Length == 1 ? letters[0] : letters.MaxBy(place)!;
    }

    private static string? InferredLetter(string answer, IReadOnlyDictionary<string, string> options)
    {
        if (answer.Contains("Failed to obtain answer via API", StringComparison.Ordinal))
        {
            return null;
        }

        if (Refusals.Any(refusal => answer.Contains(refusal, StringComparison.Ordinal)))
        {
            return "Z";
        }

        string plain = answer;
        foreach (char mark in ".()[],:;!*#{}")
        {
            plain = plain.Replace(mark, ' ');
        }

        List<string> words = [.. plain.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        string[] hits = [.. options.Keys.Where(words.Contains)];
        if (hits.Length == 1 && words.IndexOf(hits[0]) > words.Count - 5)
        {
            return hits[0];
        }

        if (hits.Length == 0 && words.Contains("Z"))
        {
            return "Z";
        }

        Match verbose = AnswerIs().Match(answer);
        string letter = verbose.Groups[1].Value.ToUpperInvariant();
        return verbose.Success && options.ContainsKey(letter) ? letter : null;
    }

    private static string? InferredText(string answer, IReadOnlyDictionary<string, string> options)
    {
        string lower = answer.ToLowerInvariant();
        if (lower.Length > 2 * options.Values.Sum(text => text.Length))
        {
            return null;
        }

        string[] hits = [.. options.Where(option => lower.Contains(option.Value.ToLowerInvariant(), StringComparison.Ordinal)).Select(option => option.Key)];
        return hits.Length == 1 ? hits[0] : null;
    }

    [GeneratedRegex(@"^\s*([A-Z])\.")]
    private static partial Regex LetterAndPeriod();

    [GeneratedRegex(@"(?:correct\s+)?answer\s+is\s+\**([ABCD])\**", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnswerIs();
}
