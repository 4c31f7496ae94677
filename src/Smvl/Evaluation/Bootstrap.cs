namespace Smvl.Evaluation;

/// <summary>
/// How far a figure may be off because of which questions were asked: the percentile bootstrap over units. Source: Efron and Tibshirani,
/// "An Introduction to the Bootstrap", chapters 13 and 16.
/// </summary>
internal static class Bootstrap
{
    public const int Resamples = 1000;

    private const double Tail = 0.025;

    /// <summary>The interval that holds 95 % of the resampled figures.</summary>
    /// <param name="count">units</param>
    /// <param name="statistic">of units, by their numbers</param>
    /// <param name="seed">of the resampling: the same interval for the same seed</param>
    public static (double Low, double High) Interval(int count, Func<IReadOnlyList<int>, double> statistic, ulong seed)
    {
        double[] values = [.. Values(count, statistic, seed).Order()];
        return (Quantile(values, Tail), Quantile(values, 1 - Tail));
    }

    private static IEnumerable<double> Values(int count, Func<IReadOnlyList<int>, double> statistic, ulong seed)
    {
        SplitMix64 random = new(seed);
        int[] chosen = new int[count];
        for (int sample = 0; sample < Resamples; sample++)
        {
            for (int i = 0; i < count; i++)
            {
                chosen[i] = (int)(random.NextUnit() * count);
            }

            yield return statistic(chosen);
        }
    }

    /// <summary>Linear between neighbours, as numpy's default.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 == sorted.Length ? sorted[below] : sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below]));
    }
}
