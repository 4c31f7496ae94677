using Smvl.Data;
using Smvl.Models;

namespace Smvl.Cli.Demo;

/// <summary>How well a model's text part predicts what is answered in text: e to the mean cross entropy of a token.</summary>
internal static class TextPerplexity
{
    private const int RowsAtOnce = 8;

    /// <param name="model">asked without pictures</param>
    /// <param name="dataset">rows whose answers are predicted, every turn's; pictures are not looked at</param>
    /// <param name="mostRows">the first so many</param>
    /// <param name="cancellation">heard between blocks</param>
    public static double Of(ModelFolder model, CauldronDataset dataset, int mostRows, CancellationToken cancellation)
    {
        SampleRules rules = new(model.Model.TextConfig.MaxPositions) { Turns = SampleRules.AllTurns, LossOn = LossOn.Answer };
        SampleBuilder builder = new(null, model.Prompts, rules);
        double loss = 0;
        long tokens = 0;
        foreach (int[] rows in Enumerable.Range(0, Math.Min(mostRows, dataset.Count)).Chunk(RowsAtOnce))
        {
            using Batch batch = new([.. rows.Select(Sample)], model.Prompts.ImageTokenId);
            loss += model.Model.Loss(batch, cancellation);
            tokens += batch.Targets.Count;
        }

        return Math.Exp(loss / tokens);

        Sample Sample(int row)
        {
            using CauldronSample read = dataset.ReadSample(row, SampleRules.AllTurns);
            return builder.Build(read with { Picture = null }, $"row {row}");
        }
    }
}
