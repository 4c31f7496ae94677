using Smvl.Data;
using Smvl.Images;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Training;

/// <summary>What a run would make of its data: counts per dataset, and the first samples. No pixel is computed, nothing is written.</summary>
public static class DataReport
{
    /// <param name="arguments">the run's configuration</param>
    /// <param name="model">tokenizer, picture settings and layout of the model that it would train</param>
    /// <param name="rows">most rows of a dataset that are looked at, evenly spread over it</param>
    /// <param name="samples">first rows of each dataset that are kept as samples</param>
    /// <param name="cancellation">stops between two rows</param>
    /// <returns>one for each dataset, in the order of <c>train_data</c></returns>
    /// <exception cref="SmvlException">an unknown or empty dataset, or a file that is none; bad rows are counted</exception>
    public static IReadOnlyList<DatasetFigures> Make(
        TrainingArguments arguments, ModelFolder model, int rows, int samples, CancellationToken cancellation = default)
    {
        using CauldronDataset dataset = TrainingData.OpenDataset(arguments);
        SampleBuilder builder = new(model.Model.TakesPictures ? model.Images : null, model.Prompts, arguments.SampleRules);
        RowTurns turns = new(arguments.Datasets, dataset.Parts, builder.Rules.Turns);
        var reports = new List<DatasetFigures>();
        foreach (IGrouping<string, int> subset in Enumerable.Range(0, dataset.Count).GroupBy(row => dataset.Locate(row).Subset))
        {
            int[] all = [.. subset];
            var figures = new DatasetFigures(subset.Key, all.Length);
            int looked = Math.Min(rows, all.Length);
            IEnumerable<int> spread = Enumerable.Range(0, looked).Select(i => all[(int)((long)i * all.Length / looked)]);
            HashSet<int> shown = [.. all.Take(samples)];
            foreach (int row in spread.Concat(shown).Distinct().Order())
            {
                cancellation.ThrowIfCancellationRequested();
                Look(dataset, builder, turns, model.Prompts, row, figures, shown.Contains(row));
            }

            reports.Add(figures);
        }

        return reports;
    }

    private static void Look(CauldronDataset dataset, SampleBuilder builder, RowTurns turns, PromptBuilder prompts, int row, DatasetFigures figures, bool keep)
    {
        RowLocation at = dataset.Locate(row);
        string where = $"{at.File}, row group {at.RowGroup}, row {at.Row}";
        try
        {
            using CauldronSample sample = dataset.ReadSample(row, turns.Of(row), builder.Rules.MaxImages);
            (int Width, int Height)[] sizes = [.. sample.Pictures.Select(picture => ImageDecoder.ReadSize(picture.Memory.Span, where))];
            SampleLayout layout = builder.Lay(sample, sizes, where);
            figures.Add(sample, sizes, layout, layout.Plans.Sum(plan => prompts.LayoutTokens(new ImageGrid(plan.Rows, plan.Cols))), prompts.ImageTokenId);
            if (keep)
            {
                figures.Keep(new ReportedSample(where, layout.Text.Ids, layout.Text.Labels));
            }
        }
        catch (SmvlException e)
        {
            figures.AddBad(e.Message);
        }
    }
}
