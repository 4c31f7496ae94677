namespace Smvl;

/// <summary>Finds what a misspelt name may have meant.</summary>
internal static class NearestNames
{
    /// <summary>The known names by their edit distance from <paramref name="name"/>, nearest first, equals in their given order.</summary>
    public static IEnumerable<string> Of(string name, IEnumerable<string> known) => known.OrderBy(k => Distance(name, k));

    /// <summary>Levenshtein's distance without regard to case, one row of the table at a time.</summary>
    internal static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
