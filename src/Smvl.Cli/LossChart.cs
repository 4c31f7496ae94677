using System.Globalization;
using System.Text;

namespace Smvl.Cli;

/// <summary>A run's losses as a small chart of block characters: columns are equal shares of the steps, each their mean.</summary>
internal static class LossChart
{
    private const int Height = 6;
    private const string Blocks = " ▁▂▃▄▅▆▇█";

    /// <param name="losses">one per step, at least one</param>
    /// <param name="width">columns at most</param>
    public static string Draw(IReadOnlyList<double> losses, int width = 60)
    {
        int columns = Math.Min(width, losses.Count);
        double[] means = [.. Enumerable.Range(0, columns)
            .Select(c => losses.Skip(c * losses.Count / columns).Take(((c + 1) * losses.Count / columns) - (c * losses.Count / columns)).Average())];
        (double low, double high) = (means.Min(), means.Max());
        double range = high > low ? high - low : 1;
        var chart = new StringBuilder();
        for (int row = Height - 1; row >= 0; row--)
        {
            string label = row == Height - 1 ? Label(high) : row == 0 ? Label(low) : "";
            chart.Append(label.PadLeft(8)).Append(" │");
            foreach (double mean in means)
            {
                // the lowest column still shows one eighth
                double filled = ((mean - low) / range * ((Height * 8) - 1)) + 1 - (row * 8);
                chart.Append(Blocks[(int)Math.Clamp(Math.Round(filled), 0, 8)]);
            }

            chart.Append('\n');
        }

        return chart.Append(' ', 9).Append('└').Append('─', columns).Append('\n')
            .Append(' ', 10).Append($"step 1{$"{losses.Count}".PadLeft(Math.Max(1, columns - 6))}").ToString();
    }

    private static string Label(double loss) => loss.ToString("F3", CultureInfo.InvariantCulture);
}
