using Smvl.Data;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class EvaluationTests
{
    /// <summary>The gain is the loss of rows whose pictures were exchanged by hand, minus their own loss.</summary>
    [Theory, InlineData(1), InlineData(3)]
    public void TheVisualGainIsTheLossOfExchangedPicturesMinusTheRealOne(int batchSize)
    {
        using CpuBackend backend = new(2);
        using ModelFolder model = ModelFolder.Open(Golden.Path("spliced"), backend);
        SampleBuilder builder = new(model.Images, model.Prompts, new SampleRules(2048));
        string samples = Path.Combine(Golden.Root, "samples", "data");
        TrainingArguments arguments = TrainingArguments.FromCommandLine("--data_dir", samples, "--train_data", "emoji_zh", "--eval_rows", "7");
        using TrainingData data = TrainingData.Open(arguments, builder, model.Model.Config.ImageTokenId);

        Smvl.Training.Evaluation plain = Smvl.Training.Evaluation.Run(model.Model, data, batchSize, visualGainRows: 0, default);
        Smvl.Training.Evaluation both = Smvl.Training.Evaluation.Run(model.Model, data, batchSize, visualGainRows: 7, default);
        Assert.Null(plain.VisualGain);
        Assert.Equal(plain.Loss, both.Loss);

        using CauldronDataset dataset = CauldronDataset.Open(samples, "emoji_zh");
        int[] rows = data.Split.Eval;
        IReadOnlyDictionary<int, int> pictureOf = data.ShufflePictures(rows);
        Assert.Equal(7, rows.Length);
        Assert.Equal(rows, pictureOf.Values.Order());
        Assert.All(rows, row => Assert.NotEqual(row, pictureOf[row]));
        double real = rows.Chunk(batchSize).Sum(chunk => MeanLoss([.. chunk.Select(row => (row, row))]) * chunk.Length) / rows.Length;
        Assert.Equal(real, both.Loss, 1e-9);
        double gain = rows.Average(row => MeanLoss([(row, pictureOf[row])]) - MeanLoss([(row, row)]));
        Assert.Equal(gain, both.VisualGain!.Mean, 1e-6);
        Assert.NotEqual(0, gain);
        Assert.Equal(7, both.VisualGain.Rows);

        double MeanLoss((int Row, int Picture)[] chunk)
        {
            using Batch batch = new(
                [.. chunk.Select(pair =>
                {
                    using CauldronSample text = dataset.ReadSample(pair.Row), picture = dataset.ReadSample(pair.Picture);
                    return builder.Build(text with { Picture = picture.Picture }, "");
                })],
                model.Model.Config.ImageTokenId);
            return model.Model.Loss(batch) / batch.Targets.Count;
        }
    }
}
