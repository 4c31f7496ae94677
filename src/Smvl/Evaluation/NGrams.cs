namespace Smvl.Evaluation;

/// <summary>How often each run of n words occurs.</summary>
internal static class NGrams
{
    public static Dictionary<string, int> Of(string[] words, int n)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + n <= words.Length; i++)
        {
            string gram = string.Join(' ', words, i, n);
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }
}
