using System.Globalization;
using System.Text;

namespace Smvl.Cli.Demo;

/// <summary>A run's losses as an SVG picture: every step thin, their running mean thick, in the colors of the page around it.</summary>
internal static class LossCurve
{
    private const double Width = 640, Height = 240, Left = 48, Right = 8, Top = 10, Bottom = 28;

    /// <summary>Weight of the newest step in the running mean.</summary>
    private const double Newest = 0.05;

    /// <param name="losses">one per step, at least one</param>
    public static string Svg(IReadOnlyList<double> losses)
    {
        double low = Math.Min(0, losses.Min()), high = Math.Max(losses.Max(), low + 1e-9);
        var mean = new double[losses.Count];
        for (int i = 0; i < mean.Length; i++)
        {
            mean[i] = i == 0 ? losses[0] : mean[i - 1] + (Newest * (losses[i] - mean[i - 1]));
        }

        var svg = new StringBuilder();
        svg.Append(Invariant($"""<svg viewBox="0 0 {Width} {Height}" role="img" aria-label="loss of every step, from {losses[0]:F3} to {losses[^1]:F3}" xmlns="http://www.w3.org/2000/svg">"""));
        foreach (double value in (ReadOnlySpan<double>)[low, (low + high) / 2, high])
        {
            svg.Append(Invariant($"""<line class="grid" x1="{Left}" y1="{Y(value):F1}" x2="{Width - Right}" y2="{Y(value):F1}"/><text x="{Left - 6}" y="{Y(value) + 4:F1}" text-anchor="end">{value:F2}</text>"""));
        }

        svg.Append(Invariant($"""<text x="{Left}" y="{Height - 8}">step 1</text><text x="{Width - Right}" y="{Height - 8}" text-anchor="end">{losses.Count}</text>"""));
        svg.Append(Line("each", losses)).Append(Line("mean", mean));
        return svg.Append("</svg>").ToString();

        double X(int step) => losses.Count == 1 ? Left : Left + ((Width - Left - Right) * step / (losses.Count - 1));

        double Y(double loss) => Top + ((Height - Top - Bottom) * (high - loss) / (high - low));

        string Line(string name, IReadOnlyList<double> values) =>
            $"""<polyline class="{name}" points="{string.Join(' ', values.Select((value, step) => Invariant($"{X(step):F1},{Y(value):F1}")))}"/>""";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
