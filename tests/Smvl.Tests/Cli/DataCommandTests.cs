using Smvl.Data;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Training;
using Smvl.Training;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl data report</c>, against samples that are really built.</summary>
public sealed class DataCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TheFiguresAreThoseOfTheSamples()
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine(RunFixture.Keys(temporary["run"]));
        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.Open(Golden.Path("spliced"), backend);
        DatasetFigures figures = Assert.Single(DataReport.Make(arguments, model, rows: 1000, samples: 1));

        using CauldronDataset dataset = CauldronDataset.Open(arguments.DataDir, arguments.TrainData);
        SampleBuilder builder = new(model.Images, model.Prompts, arguments.SampleRules);
        Sample[] samples = [.. Enumerable.Range(0, dataset.Count).Select(row =>
        {
            using CauldronSample read = dataset.ReadSample(row);
            return builder.Build(read, "");
        })];
        Assert.Equal((dataset.Count, dataset.Count, 0), (figures.Rows, figures.Good, figures.Bad));
        Assert.Equal(samples.Select(sample => sample.Ids.Length), figures.Lengths);
        Assert.Equal(samples.Sum(sample => sample.TileCount), figures.Tiles.Sum());
        Assert.Equal(samples.Sum(sample => sample.TileCount) * model.Model.Config.ImageSequenceLength, figures.ImageRows);
        Assert.Equal(samples.Sum(sample => sample.Ids.Length), figures.ImageRows + figures.Layout + figures.Text);
        Assert.Equal(samples.Sum(sample => sample.TargetCount), figures.Labels);
        Assert.Equal(Enumerable.Range(0, dataset.Count).Sum(row => dataset.ReadRow(row).Texts!.Count), figures.Turns.Sum());
        Assert.Equal(samples[0].Ids, Assert.Single(figures.Samples).Ids);
        Assert.Equal(samples[0].Labels, figures.Samples[0].Labels);
        foreach (Sample sample in samples)
        {
            sample.Dispose();
        }
    }

    [Fact]
    public void ADatasetsTurnsAreItsOwn()
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine(
            "--model", Golden.Path("spliced"), "--data_dir", Path.Combine(Golden.Root, "samples", "data"), "--train_data", "emoji_zh:9#1,scenes_zh", "--turns", "2");
        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.Open(Golden.Path("spliced"), backend);
        IReadOnlyList<DatasetFigures> figures = DataReport.Make(arguments, model, rows: 20, samples: 0);
        Assert.Equal([20, 40], figures.Select(dataset => dataset.TrainedTurns));

        SampleBuilder builder = new(model.Images, model.Prompts, arguments.SampleRules);
        using TrainingData data = TrainingData.Open(arguments, builder, model.Prompts.ImageTokenId);
        int emoji = data.Split.Train.First(row => data.Locate(row).Subset == "emoji_zh"), scene = data.Split.Train.First(row => data.Locate(row).Subset == "scenes_zh");
        using MicroBatch batch = data.LoadAhead([[emoji, scene]], batchSize: 2, ahead: 1).Single();
        Assert.Equal(2 * (1 + 2), batch.Batch.Ids.Count(id => id == model.Tokenizer.Encode("<|im_start|>").Single()));   // a user's and an assistant's a turn
    }

    [Fact]
    public async Task TheReportNamesEverythingAndMarksLabels()
    {
        string samples = Path.Combine(Golden.Root, "samples", "data");
        (int code, string output, string error) = await Run(
            "data", "report", "--model", Golden.Path("spliced"), "--data_dir", samples, "--train_data", "emoji_zh,scenes_zh", "--rows", "5", "--samples", "1");
        Assert.Equal((0, ""), (code, error));
        foreach (string subset in (string[])["emoji_zh", "scenes_zh"])
        {
            using CauldronDataset dataset = CauldronDataset.Open(samples, subset);
            Assert.Contains($"{subset}: {dataset.Count} rows, 5 of them looked at\n", output);
            using CauldronSample first = dataset.ReadSample(0, SampleRules.AllTurns);
            Assert.All(first.Turns, turn => Assert.Contains($"{turn.Answer}<|im_end|>⟧", output));
            Assert.Contains($"<|im_start|>assistant\n    ⟦<think>\n    \n    </think>\n    \n    {first.Turns[0].Answer}", output);
        }

        Assert.All((string[])["  turns  ", "  pictures  ", "  tiles  ", "  tokens  ", "  labels  "], line => Assert.Equal(3, output.Split(line).Length));
        Assert.Contains("<|image_pad|>×4", output);
        Assert.DoesNotContain("\e[", output);
    }

    [Fact]
    public async Task BadRowsAreCountedAndNamed()
    {
        string file = Golden.Path("parquet", "nulls.parquet");
        (int code, string output, string error) = await Run("data", "report", "--model", Golden.Path("spliced"), "--train_data", file);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("rows cannot be used; the first: ", output);
        Assert.Contains($"{file}, row group 0, row 0", output);
    }

    [Theory]
    [InlineData(2, "--rows must be a whole number", "--rows", "0")]
    [InlineData(2, "did you mean train_data", "--train_dat", "x")]
    [InlineData(1, "dataset no-such-data is unknown", "--train_data", "no-such-data")]
    public async Task WhatCannotBeIsOneLine(int expected, string what, params string[] more)
    {
        (int code, string output, string error) = await Run(["data", "report", "--model", Golden.Path("spliced"), .. more]);
        Assert.Equal((expected, ""), (code, output));
        Assert.Contains(what, error);
    }
}
