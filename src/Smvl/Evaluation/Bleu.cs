namespace Smvl.Evaluation;

/// <summary>
/// BLEU-4 over a corpus, with the reference length nearest to each caption's. Source: Papineni et al., "BLEU"; bleu_scorer.py of
/// salaniz/pycocoevalcap at ad63453 (option "closest").
/// </summary>
internal sealed class Bleu
{
    private const int Order = 4;
    private const double Small = 1e-9, Tiny = 1e-15;

    private readonly double[] correct = new double[Order], guesses = new double[Order];
    private long length, referenceLength;

    /// <summary>One caption's counts.</summary>
    public sealed record Counts(int[] Correct, int[] Guesses, int Length, int ReferenceLength);

    public static Counts Count(string[] caption, IReadOnlyList<string[]> references)
    {
        int[] correct = new int[Order], guesses = new int[Order];
        for (int n = 1; n <= Order; n++)
        {
            Dictionary<string, int>[] others = [.. references.Select(reference => NGrams.Of(reference, n))];
            guesses[n - 1] = Math.Max(0, caption.Length - n + 1);
            correct[n - 1] = NGrams.Of(caption, n).Sum(gram => Math.Min(gram.Value, others.Max(other => other.GetValueOrDefault(gram.Key))));
        }

        int nearest = references.Select(reference => reference.Length).OrderBy(other => Math.Abs(other - caption.Length)).ThenBy(other => other).First();
        return new Counts(correct, guesses, caption.Length, nearest);
    }

    public void Add(Counts counts)
    {
        for (int n = 0; n < Order; n++)
        {
            correct[n] += counts.Correct[n];
            guesses[n] += counts.Guesses[n];
        }

        length += counts.Length;
        referenceLength += counts.ReferenceLength;
    }

    /// <summary>Of orders 1 to 4.</summary>
    public double[] Scores()
    {
        double product = 1, ratio = (length + Tiny) / (referenceLength + Small);
        double brevity = ratio < 1 ? Math.Exp(1 - (1 / ratio)) : 1;
        return
        [
            .. Enumerable.Range(0, Order).Select(n =>
            {
                product *= (correct[n] + Tiny) / (guesses[n] + Small);
                return Math.Pow(product, 1.0 / (n + 1)) * brevity;
            }),
        ];
    }
}
