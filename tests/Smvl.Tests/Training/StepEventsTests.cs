using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>What happens after which step; runs of 10 steps over epochs of 4.</summary>
public sealed class StepEventsTests
{
    [Theory]
    [InlineData("--logging_steps 4", "4 8", "", "10")]
    [InlineData("--logging_steps 4 --logging_first_step", "1 4 8", "", "10")]
    [InlineData("--logging_strategy epoch", "4 8 10", "", "10")]
    [InlineData("--logging_strategy no --save_strategy no", "", "", "")]
    [InlineData("--logging_steps 5 --eval_strategy steps", "5 10", "5 10", "10")]
    [InlineData("--eval_strategy steps --eval_steps 4", "", "4 8 10", "10")] // also after the last step
    [InlineData("--eval_strategy steps --eval_steps 4 --eval_delay 5", "", "8 10", "10")]
    [InlineData("--eval_strategy epoch --eval_delay 1.5", "", "8 10", "10")]
    [InlineData("--eval_strategy epoch", "", "4 8 10", "10")]
    [InlineData("--save_steps 0.25", "", "", "3 6 9 10")]
    [InlineData("--save_strategy epoch", "", "", "4 8 10")]
    public void EventsFallOnTheTrainersSteps(string arguments, string logs, string evaluations, string saves)
    {
        TrainingArguments parsed = TrainingArguments.FromCommandLine(["--max_steps", "10", "--per_device_train_batch_size", "1", .. arguments.Split(' ')]);
        var steps = new TrainingSteps(parsed, rows: 4);
        StepEvents[] events = [.. Enumerable.Range(1, 10).Select(step => StepEvents.After(parsed, steps, step))];
        Assert.Equal(logs, Where(events, one => one.Log));
        Assert.Equal(evaluations, Where(events, one => one.Evaluate));
        Assert.Equal(saves, Where(events, one => one.Save));
        Assert.Equal("10", Where(events, one => one.Stop));
    }

    private static string Where(StepEvents[] events, Func<StepEvents, bool> happens) =>
        string.Join(' ', Enumerable.Range(1, events.Length).Where(step => happens(events[step - 1])));
}
