namespace Smvl.Evaluation;

/// <summary>
/// CIDEr-D of each caption: the cosine of tf-idf weighted n-grams, clipped, with a Gaussian penalty on lengths, the mean over n = 1 to 4
/// and over references, times 10. Document frequencies are those of the references given here. Source: Vedantam et al., "CIDEr",
/// section 3 and 6; cider_scorer.py of salaniz/pycocoevalcap at ad63453.
/// </summary>
internal static class Cider
{
    private const int Order = 4;
    private const double Sigma = 6;

    /// <param name="captions">words of each</param>
    /// <param name="references">words of each caption's references</param>
    public static double[] Scores(IReadOnlyList<string[]> captions, IReadOnlyList<IReadOnlyList<string[]>> references)
    {
        var frequency = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string gram in references.SelectMany(of => of.SelectMany(Grams).Select(gram => gram.Text).Distinct(StringComparer.Ordinal)))
        {
            frequency[gram] = frequency.GetValueOrDefault(gram) + 1;
        }

        double logCount = Math.Log(references.Count);
        return
        [
            .. captions.Select((caption, i) =>
            {
                Weighted own = Weigh(caption);
                return 10 * references[i].Average(reference => Similarity(own, Weigh(reference)).Average());
            }),
        ];

        Weighted Weigh(string[] words)
        {
            var weights = new Dictionary<string, double>[Order];
            double[] norms = new double[Order];
            for (int n = 0; n < Order; n++)
            {
                weights[n] = NGrams.Of(words, n + 1).ToDictionary(
                    gram => gram.Key, gram => gram.Value * (logCount - Math.Log(Math.Max(1, frequency.GetValueOrDefault(gram.Key)))), StringComparer.Ordinal);
                norms[n] = Math.Sqrt(weights[n].Values.Sum(weight => weight * weight));
            }

            // the source counts bigrams where it says words
            return new Weighted(weights, norms, Math.Max(0, words.Length - 1));
        }
    }

    private static IEnumerable<(string Text, int Count)> Grams(string[] words) =>
        Enumerable.Range(1, Order).SelectMany(n => NGrams.Of(words, n)).Select(gram => (gram.Key, gram.Value));

    private static double[] Similarity(Weighted own, Weighted other)
    {
        double delta = own.Length - other.Length, penalty = Math.Exp(-(delta * delta) / (2 * Sigma * Sigma));
        return
        [
            .. Enumerable.Range(0, Order).Select(n =>
            {
                double product = own.Weights[n].Sum(gram =>
                {
                    double weight = other.Weights[n].GetValueOrDefault(gram.Key);
                    return Math.Min(gram.Value, weight) * weight;
                });
                double norms = own.Norms[n] * other.Norms[n];
                return (norms == 0 ? product : product / norms) * penalty;
            }),
        ];
    }

    private sealed record Weighted(Dictionary<string, double>[] Weights, double[] Norms, int Length);
}
