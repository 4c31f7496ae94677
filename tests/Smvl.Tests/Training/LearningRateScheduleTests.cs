using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Every schedule against the rates that transformers gave (data/schedules.json says how it was made).</summary>
public sealed class LearningRateScheduleTests
{
    // the same operations in the same order; a platform's cos may differ in the last digit
    private const double Relative = 1e-13;

    private static readonly JsonElement Peers = Read();

    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        int index = 0;
        foreach (JsonElement one in Peers.GetProperty("cases").EnumerateArray())
        {
            data.Add(index++, $"{one.GetProperty("lr_scheduler_type")} {one.GetProperty("lr_scheduler_kwargs")} T={one.GetProperty("max_steps")} W={one.GetProperty("warmup_steps")}");
        }

        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void RatesAreTransformers(int index, string name)
    {
        JsonElement one = Peers.GetProperty("cases")[index];
        LearningRateSchedule schedule = LearningRateSchedule.Create(
            TrainingArguments.FromCommandLine(
                "--learning_rate", Peers.GetProperty("learning_rate").GetRawText(), "--lr_scheduler_type", one.GetProperty("lr_scheduler_type").GetString()!,
                "--lr_scheduler_kwargs", one.GetProperty("lr_scheduler_kwargs").GetRawText()),
            one.GetProperty("warmup_steps").GetInt32(),
            one.GetProperty("max_steps").GetInt32());

        int step = 0;
        foreach (JsonElement rate in one.GetProperty("rates").EnumerateArray())
        {
            double expected = rate.GetDouble(), actual = schedule.LearningRate(step);
            // what is left of 1 + cos(pi) is rounding, hence the absolute part
            Assert.True(Math.Abs(actual - expected) <= (Relative * expected) + (schedule.Peak * 1e-16), $"{name}: step {step}: {actual:R}, expected {expected:R}");
            step++;
        }
    }

    [Fact]
    public void EveryScheduleIsCovered() =>
        Assert.Equal(Enum.GetValues<ScheduleType>().Length, Peers.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("lr_scheduler_type").GetString()).Distinct().Count());

    [Theory, InlineData(0), InlineData(4)]
    public void AllWarmupIsNoDivisionByZero(int step)
    {
        LearningRateSchedule schedule = LearningRateSchedule.Create(TrainingArguments.FromCommandLine("--lr_scheduler_type", "polynomial"), warmupSteps: 4, maxSteps: 4);
        Assert.Equal(step == 0 ? 0 : 1e-7, schedule.LearningRate(step), 1e-15);
    }

    private static JsonElement Read()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Training", "data", "schedules.json")));
        return document.RootElement.Clone();
    }
}
