using System.Text;
using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>
/// The answer normalisation of the VQA and TextVQA challenges, and the soft accuracy over the answers of several people. Source:
/// EvalAIAnswerProcessor in lmms-eval lmms_eval/tasks/_task_utils/vqa_eval_metric.py at 75571cf, which is that of facebookresearch/mmf
/// and of VQAEval (GT-Vision-Lab/VQA at a013f00) with a first step of its own.
/// </summary>
public static partial class VqaAnswer
{
    /// <summary>Python's <c>re.UNICODE</c>, which the sources give as the number of full stops to remove.</summary>
    private const int MostPeriods = 32;

    private const string Punctuation = ";/[]\"{}()=+\\_-><@`,?!";

    private static readonly HashSet<string> Articles = ["a", "an", "the"];

    private static readonly Dictionary<string, string> Numbers = new()
    {
        ["none"] = "0",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["ten"] = "10",
    };

    private static readonly Dictionary<string, string> Contractions = ReadContractions();

    /// <summary>An answer as it is compared: lower case, without articles and punctuation, number words as digits, apostrophes put back.</summary>
    public static string Normalise(string answer)
    {
        string text = answer.ToLowerInvariant().Replace(",", "").Replace("?", "").Replace("'s", " 's").Trim();
        text = Unpunctuated(text.Replace('\n', ' ').Replace('\t', ' ').Trim());
        IEnumerable<string> words = text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => Numbers.GetValueOrDefault(word, word))
            .Where(word => !Articles.Contains(word))
            .Select(word => Contractions.GetValueOrDefault(word, word));
        return string.Join(' ', words);
    }

    /// <summary>
    /// The mean over all choices of nine of ten answers (of all but one, for another number) of min(1, those that agree / 3). A single
    /// expected answer is compared by itself.
    /// </summary>
    /// <param name="answer">what the model said</param>
    /// <param name="expected">what people said, at least one</param>
    public static double Accuracy(string answer, IReadOnlyList<string> expected)
    {
        string given = Normalise(answer);
        if (expected.Count == 1)
        {
            return Normalise(expected[0]) == given ? 1 : 0;
        }

        bool[] agrees = [.. expected.Select(other => Normalise(other) == given)];
        int all = agrees.Count(same => same);
        return agrees.Average(same => Math.Min(1, (all - (same ? 1 : 0)) / 3.0));
    }

    private static string Unpunctuated(string text)
    {
        bool hasComma = CommaBetweenDigits().IsMatch(text);
        var result = new StringBuilder(text);
        foreach (char mark in Punctuation)
        {
            bool drop = hasComma || text.Contains($"{mark} ", StringComparison.Ordinal) || text.Contains($" {mark}", StringComparison.Ordinal);
            result.Replace(mark.ToString(), drop ? "" : " ");
        }

        return Period().Replace(result.ToString(), "", MostPeriods);
    }

    private static Dictionary<string, string> ReadContractions()
    {
        using Stream stream = typeof(VqaAnswer).Assembly.GetManifestResourceStream("Smvl.Evaluation.contractions.txt")!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    [GeneratedRegex(@"(?<=\d)(,)+(?=\d)")]
    private static partial Regex CommaBetweenDigits();

    // the sources mean "not behind a digit", and write "not before <= and a digit", which is always so
    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex Period();
}
