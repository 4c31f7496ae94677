using System.Globalization;

namespace Smvl.Training;

/// <summary>
/// How much higher the loss of held-out rows is with each other's pictures: about 0 where the pictures are not looked at. Each row is
/// compared with itself, which leaves out how hard it is, and pictures change places within a dataset, whose kind of picture alone
/// tells nothing then.
/// </summary>
/// <param name="Mean">shuffled minus real, over all compared rows; a row's loss is its mean over tokens</param>
/// <param name="StandardError">of <paramref name="Mean"/>, from the rows' differences</param>
/// <param name="Rows">compared ones</param>
/// <param name="Loss">their mean loss with their own pictures</param>
/// <param name="ByDataset">the mean of each dataset's rows, in the datasets' order</param>
internal sealed record VisualGain(double Mean, double StandardError, int Rows, double Loss, IReadOnlyList<KeyValuePair<string, double>> ByDataset)
{
    public const string Metric = "visual_gain";

    /// <summary>Fewer differences say nothing about how they scatter.</summary>
    private const int FewestRows = 4;

    /// <summary>A gain below this share of the loss is of no use, however surely it is above 0.</summary>
    private const double LeastShare = 0.01;

    /// <summary>Whether it cannot be told from 0 (less than two standard errors), or is less than a hundredth of the loss.</summary>
    public bool IsNearZero => Rows >= FewestRows && Mean < Math.Max(2 * StandardError, LeastShare * Loss);

    /// <summary>For the user of a run that learns to do without pictures.</summary>
    public string Warning => string.Create(
        CultureInfo.InvariantCulture,
        $"the model does not look at its pictures: with another row's picture the held-out loss {Loss:F4} rises by {Mean:F4} ± {StandardError:F4} only ({Rows} rows); check data, learning_rate and freeze");

    /// <summary>Rows to compare: spread evenly over each dataset's, which take turns, and at least two of a dataset.</summary>
    /// <param name="rows">with pictures</param>
    /// <param name="datasetOf">a row's dataset</param>
    /// <param name="most">rows in all</param>
    public static IReadOnlyList<IReadOnlyList<int>> Choose(IEnumerable<int> rows, Func<int, string> datasetOf, int most)
    {
        int[][] sets = [.. rows.GroupBy(datasetOf).Select(group => group.ToArray()).Where(group => group.Length > 1).Take(most / 2)];
        int[] shares = new int[sets.Length];
        for (int left = most, before = -1; left != before;)
        {
            before = left;
            for (int i = 0; i < sets.Length && left > 0; i++)
            {
                if (shares[i] < sets[i].Length)
                {
                    shares[i]++;
                    left--;
                }
            }
        }

        return [.. sets.Select((set, i) => (IReadOnlyList<int>)[.. Enumerable.Range(0, shares[i]).Select(k => set[(int)((long)k * set.Length / shares[i])])])];
    }

    /// <summary>Of rows that were measured both ways; null without any.</summary>
    /// <param name="sets">dataset and rows</param>
    /// <param name="own">losses with their own pictures</param>
    /// <param name="exchanged">losses with each other's</param>
    public static VisualGain? Of(
        IEnumerable<(string Dataset, IReadOnlyList<int> Rows)> sets, IReadOnlyDictionary<int, double> own, IReadOnlyDictionary<int, double> exchanged)
    {
        List<double> all = [], losses = [];
        List<KeyValuePair<string, double>> byDataset = [];
        foreach ((string dataset, IReadOnlyList<int> rows) in sets)
        {
            int[] both = [.. rows.Where(row => own.ContainsKey(row) && exchanged.ContainsKey(row))];
            double[] gains = [.. both.Select(row => exchanged[row] - own[row])];
            if (gains.Length > 0)
            {
                all.AddRange(gains);
                losses.AddRange(both.Select(row => own[row]));
                byDataset.Add(KeyValuePair.Create(dataset, gains.Average()));
            }
        }

        if (all.Count == 0)
        {
            return null;
        }

        double mean = all.Average();
        double variance = all.Count > 1 ? all.Sum(gain => (gain - mean) * (gain - mean)) / (all.Count - 1) : 0;
        return new VisualGain(mean, Math.Sqrt(variance / all.Count), all.Count, losses.Average(), byDataset);
    }

    /// <summary>Names and values for the log: of all rows, and of each dataset where there are several.</summary>
    public IEnumerable<(string Name, double Value)> Metrics =>
    [
        ($"eval_{Metric}", Mean),
        .. ByDataset.Count < 2 ? [] : ByDataset.Select(dataset => ($"eval_{dataset.Key}_{Metric}", dataset.Value)),
    ];
}
