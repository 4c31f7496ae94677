using Smvl.Data;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Cli.Demo;

/// <summary>How well a model's text part predicts text: e to the mean cross entropy of a token.</summary>
internal static class TextPerplexity
{
    private const int RowsAtOnce = 8;

    /// <param name="model">asked without pictures</param>
    /// <param name="dataset">rows whose turns are read; pictures are not looked at</param>
    /// <param name="mostRows">the first so many</param>
    /// <param name="cancellation">heard between blocks</param>
    public static double Of(ModelFolder model, CauldronDataset dataset, int mostRows, CancellationToken cancellation)
    {
        double loss = 0;
        long tokens = 0;
        foreach (int[] rows in Enumerable.Range(0, Math.Min(mostRows, dataset.Count)).Chunk(RowsAtOnce))
        {
            using Batch batch = new([.. rows.SelectMany(row => Samples(model, dataset, row))], model.Model.Config.ImageTokenId);
            loss += model.Model.Loss(batch, cancellation);
            tokens += batch.Targets.Count;
        }

        return Math.Exp(loss / tokens);
    }

    private static IEnumerable<Sample> Samples(ModelFolder model, CauldronDataset dataset, int row)
    {
        foreach (CauldronTurn? turn in dataset.ReadRow(row).Texts ?? [])
        {
            if (turn is { User: string question, Assistant: string answer })
            {
                model.Prompts.TrySample(question, answer, [], model.Model.TextConfig.MaxPositions, out TrainingText text);
                yield return new Sample(text.Ids, text.Labels, new NativeBytes(0), 0);
            }
        }
    }
}
