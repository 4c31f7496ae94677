namespace Smvl.Tests;

/// <summary>Comparisons that name the worst element and take NaN as failure.</summary>
internal static class Approx
{
    /// <summary>
    /// Every |actual − expected| at most <paramref name="relative"/> times the largest |expected| plus <paramref name="absolute"/>.
    /// </summary>
    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string name, double relative, double absolute)
    {
        Assert.True(expected.Length == actual.Length, $"{name}: {actual.Length} elements, expected {expected.Length}");
        double largest = 0;
        foreach (float e in expected)
        {
            largest = Math.Max(largest, Math.Abs(e));
        }

        double bound = (relative * largest) + absolute;
        int worst = -1;
        double worstError = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs((double)actual[i] - expected[i]);
            if (!(error <= worstError))
            {
                worstError = error;
                worst = i;
                if (double.IsNaN(error))
                {
                    break;
                }
            }
        }

        Assert.True(
            expected.Length == 0 || worstError <= bound,
            $"{name}[{worst}]: {(worst < 0 ? 0 : actual[worst])}, expected {(worst < 0 ? 0 : expected[worst])}, off by {worstError:g3}, allowed {bound:g3}");
    }
}
