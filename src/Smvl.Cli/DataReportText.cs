using System.Globalization;
using System.Text;
using Smvl.Data;
using Smvl.Models;
using Smvl.Text;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary>The report of a dataset as lines.</summary>
/// <param name="model">whose tokenizer decodes samples</param>
/// <param name="colors">labels are green; otherwise they stand in ⟦ ⟧</param>
internal sealed class DataReportText(ModelFolder model, bool colors)
{
    private const string Green = "\e[32m", Normal = "\e[0m";

    private readonly (string Begin, string End) mark = colors ? (Green, Normal) : ("⟦", "⟧");

    public IEnumerable<string> Lines(DatasetFigures data)
    {
        int looked = data.Good + data.Bad;
        yield return Invariant($"{data.Name}: {data.Rows} rows{(looked < data.Rows ? $", {looked} of them looked at" : "")}");
        if (data.Bad > 0)
        {
            yield return Invariant($"  bad        {data.Bad} rows cannot be used; the first: {data.FirstBad}");
        }

        if (data.Good > 0)
        {
            foreach (string line in Figures(data))
            {
                yield return line;
            }
        }

        foreach ((int i, ReportedSample sample) in data.Samples.Index())
        {
            int labels = sample.Labels.Skip(1).Count(label => label != Batch.Ignored);
            yield return "";
            yield return Invariant($"  sample {i + 1}: {sample.Where}: {sample.Ids.Count} tokens, {labels} with a label, {(colors ? "green" : "in ⟦ ⟧")}");
            foreach (string line in Decode(sample).Split('\n'))
            {
                yield return $"    {line}";
            }
        }

        yield return "";
    }

    private static IEnumerable<string> Figures(DatasetFigures data)
    {
        long tokens = data.ImageRows + data.Layout + data.Text;
        yield return Invariant($"  turns      {data.Turns.Average():F2} a row, {data.Turns.Min()} to {data.Turns.Max()}; {(double)data.TrainedTurns / data.Good:F2} trained on");
        yield return data.Sizes.Count == 0
            ? Invariant($"  pictures   none shown, {data.Dropped} left out")
            : Invariant($"  pictures   {(double)data.Sizes.Count / data.Good:F2} a row, {data.Dropped} left out; {data.TextOnly} rows of text only; ")
                + Invariant($"width {Spread([.. data.Sizes.Select(size => size.Width)])}, height {Spread([.. data.Sizes.Select(size => size.Height)])} px");
        if (data.Tiles.Count > 0)
        {
            yield return Invariant($"  tiles      {data.Tiles.Average():F2} a picture, {data.Tiles.Min()} to {data.Tiles.Max()}; {data.Shrunk} pictures shrunk to fit max_length");
        }

        yield return Invariant($"  tokens     {(double)tokens / data.Good:F1} a sample, {data.Lengths.Min()} to {data.Lengths.Max()}: ")
            + Invariant($"image rows {Share(data.ImageRows)}, layout {Share(data.Layout)}, text {Share(data.Text)}; {data.Cut} cut off at max_length");
        yield return Invariant($"  labels     {(double)data.Labels / data.Good:F1} a sample, {Share(data.Labels)} of the positions");

        string Share(long part) => Invariant($"{100.0 * part / Math.Max(1, tokens):F2} %");
    }

    /// <summary>Smallest, middle and largest.</summary>
    private static string Spread(int[] values)
    {
        Array.Sort(values);
        return Invariant($"{values[0]} to {values[^1]} (median {values[values.Length / 2]})");
    }

    /// <summary>The sample's text, image rows counted instead of repeated, labels marked.</summary>
    private string Decode(ReportedSample sample)
    {
        var text = new StringBuilder();
        for (int start = 0, end; start < sample.Ids.Count; start = end)
        {
            int at = start;
            bool labelled = IsLabelled(at), image = IsImage(at);
            end = start + 1;
            while (end < sample.Ids.Count && IsLabelled(end) == labelled && IsImage(end) == image)
            {
                end++;
            }

            string run = image
                ? $"{ImageLayout.Image}×{end - start}"
                : TerminalText.Printable(model.Tokenizer.Decode([.. sample.Ids.Skip(start).Take(end - start)]));
            text.Append(labelled ? mark.Begin + run + mark.End : run);
        }

        return text.ToString();

        bool IsLabelled(int t) => t > 0 && sample.Labels[t] != Batch.Ignored;

        bool IsImage(int t) => sample.Ids[t] == model.Prompts.ImageTokenId;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
