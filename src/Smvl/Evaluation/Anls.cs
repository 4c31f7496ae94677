using System.Text;

namespace Smvl.Evaluation;

/// <summary>
/// Average normalised Levenshtein similarity: 1 - distance / longer length, of the nearest expected answer, and 0 below one half. Source:
/// Biten et al., "Scene Text Visual Question Answering", section 3.3; anls in lmms-eval lmms_eval/api/metrics.py at 75571cf, which
/// ignores case and how much white space there is, and takes lengths before that.
/// </summary>
public static class Anls
{
    private const double Threshold = 0.5;

    public static double Score(string answer, IReadOnlyList<string> expected)
    {
        double nearest = expected.Min(other => Distance(other, answer));
        return 1 - nearest < Threshold ? 0 : 1 - nearest;
    }

    private static double Distance(string expected, string answer)
    {
        Rune[] a = Collapsed(expected), b = Collapsed(answer);
        int length = Math.Max(expected.EnumerateRunes().Count(), answer.EnumerateRunes().Count());
        return length == 0 ? 0 : (double)Levenshtein(a, b) / length;
    }

    private static Rune[] Collapsed(string text) =>
        [.. string.Join(' ', text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).EnumerateRunes()];

    private static int Levenshtein(Rune[] a, Rune[] b)
    {
        int[] above = [.. Enumerable.Range(0, b.Length + 1)], row = new int[b.Length + 1];
        for (int i = 0; i < a.Length; i++)
        {
            row[0] = i + 1;
            for (int j = 0; j < b.Length; j++)
            {
                row[j + 1] = a[i] == b[j] ? above[j] : 1 + Math.Min(above[j], Math.Min(above[j + 1], row[j]));
            }

            (above, row) = (row, above);
        }

        return above[b.Length];
    }
}
