using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class TrainingStepsTests
{
    public static TheoryData<string> Runs() =>
        [.. Directory.EnumerateFiles(Golden.Path("training"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Runs)), Trait("Category", Golden.Category)]
    public void EpochsAndRatesAreTheTrainers(string run)
    {
        JsonElement golden = Golden.Json("training", $"{run}.json");
        TrainingArguments arguments = Arguments(golden);
        var steps = new TrainingSteps(arguments, RowsOfTheFixtures());
        LearningRateSchedule schedule = LearningRateSchedule.Create(arguments, steps.WarmupSteps, steps.MaxSteps);

        JsonElement[] log = [.. golden.GetProperty("log").EnumerateArray().Where(entry => entry.TryGetProperty("learning_rate", out _))];
        Assert.Equal(steps.MaxSteps, log.Length);
        foreach (JsonElement entry in log)
        {
            int step = entry.GetProperty("step").GetInt32();
            double rate = entry.GetProperty("learning_rate").GetDouble();
            Assert.Equal(entry.GetProperty("epoch").GetDouble(), steps.Epoch(step));
            Assert.Equal(rate, schedule.LearningRate(step - 1), rate * 1e-13);
        }
    }

    [Theory]
    [InlineData(10, 3, 2, 4, 2)] // the last micro-batch and the last update are short
    [InlineData(12, 3, 2, 4, 2)]
    [InlineData(13, 3, 2, 5, 3)]
    [InlineData(1, 8, 4, 1, 1)]
    public void LeftOversMakeABatchAndAnUpdate(int rows, int batch, int accumulation, int batches, int updates)
    {
        TrainingSteps steps = Steps(rows, "--per_device_train_batch_size", $"{batch}", "--gradient_accumulation_steps", $"{accumulation}");
        Assert.Equal((batches, updates), (steps.BatchesPerEpoch, steps.UpdatesPerEpoch));
        Assert.Equal(3 * updates, steps.MaxSteps);
        Assert.Equal(3, steps.Epochs);
        Assert.Equal(batches, Enumerable.Range(0, updates).Sum(steps.BatchesOfUpdate));
        Assert.Equal(1.0, steps.Epoch(updates));
        Assert.Equal((1, 0), steps.Position(updates));
        Assert.True(steps.EndsEpoch(updates));
        Assert.False(steps.EndsEpoch(0));
    }

    [Fact]
    public void DroppedLeftOversMakeNone() =>
        Assert.Equal(3, Steps(10, "--per_device_train_batch_size", "3", "--dataloader_drop_last").BatchesPerEpoch);

    [Theory]
    [InlineData("2.5", 10, 3), InlineData("0.1", 1, 1), InlineData("1", 4, 1)]
    public void EpochsMayBeFractions(string epochs, int maxSteps, int wholeEpochs)
    {
        TrainingSteps steps = Steps(4, "--per_device_train_batch_size", "1", "--num_train_epochs", epochs);
        Assert.Equal((maxSteps, wholeEpochs), (steps.MaxSteps, steps.Epochs));
    }

    [Fact]
    public void MaxStepsOverrideEpochs()
    {
        TrainingSteps steps = Steps(4, "--per_device_train_batch_size", "1", "--num_train_epochs", "9", "--max_steps", "5");
        Assert.Equal((5, 2), (steps.MaxSteps, steps.Epochs));
        Assert.Equal(1.25, steps.Epoch(5));
    }

    [Theory]
    [InlineData("0.125", 25), InlineData("0.33", 66), InlineData("0.001", 1), InlineData("1", 1), InlineData("1.0", 1), InlineData("7", 7)]
    public void StepsBelowOneAreAShare(string value, int expected)
    {
        TrainingSteps steps = Steps(4, "--max_steps", "200", "--save_steps", value, "--logging_steps", value, "--warmup_steps", value, "--eval_strategy", "steps");
        Assert.Equal((expected, expected, expected, expected), (steps.SaveSteps, steps.LoggingSteps, steps.EvalSteps, steps.WarmupSteps));
    }

    [Fact]
    public void WarmupRatioIsAShare() => Assert.Equal(20, Steps(4, "--max_steps", "200", "--warmup_ratio", "0.1").WarmupSteps);

    [Theory, InlineData(0, ""), InlineData(7, "--dataloader_drop_last")]
    public void NoDataIsAnError(int rows, string flag)
    {
        string error = Assert.Throws<SmvlException>(() => Steps(rows, flag.Length > 0 ? [flag] : [])).Message;
        Assert.Contains($"actual {rows}", error, StringComparison.Ordinal);
    }

    private static TrainingSteps Steps(int rows, params string[] arguments) => new(TrainingArguments.FromCommandLine(arguments), rows);

    private static TrainingArguments Arguments(JsonElement golden) =>
        TrainingArguments.FromCommandLine([.. golden.GetProperty("args").EnumerateObject().SelectMany(key => new[] { $"--{key.Name}", key.Value.ToString() })]);

    // With one sample a micro-batch, the first logged epoch is accumulation / rows.
    private static int RowsOfTheFixtures()
    {
        JsonElement single = Runs().Select(run => Golden.Json("training", $"{run.Data}.json"))
            .First(golden => golden.GetProperty("args").GetProperty("per_device_train_batch_size").GetInt32() == 1);
        int accumulation = single.GetProperty("args").GetProperty("gradient_accumulation_steps").GetInt32();
        return (int)Math.Round(accumulation / single.GetProperty("log")[0].GetProperty("epoch").GetDouble());
    }
}
