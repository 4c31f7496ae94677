using Smvl.Tracking;
using Smvl.Training;

namespace Smvl.Tests.Tracking;

/// <summary>A short run as trackers are told of it, without a model.</summary>
internal static class TrackedRuns
{
    public const string Picture = "a PNG file's bytes";

    public static SampleAnswer Sample { get; } =
        new(4, "图中有什么动物？", "两只水獭 | 🦦", "<|im_start|>user\n图", System.Text.Encoding.UTF8.GetBytes(Picture), Width: 3, Height: 2);

    public static TrackedRun Start(params IReadOnlyList<LogEntry> history) => new(
        TrainingArguments.FromCommandLine("--run_name", "试验", "--learning_rate", "1e-5", "--output_dir", "unused"),
        """{"model_type": "smolvlm", "text_config": {"rms_norm_eps": 1e-06, "tie": true, "layers": [1, null]}, "learning_rate": "overridden"}""",
        ParameterCount: 123,
        history);

    public static LogEntry Training(int step) => new(
        step, KeyValuePair.Create("loss", 10.0 / step), KeyValuePair.Create("learning_rate", 1e-5), KeyValuePair.Create("epoch", step / 4.0));

    public static LogEntry Evaluation(int step) => new(step, KeyValuePair.Create("eval_loss", 2.5), KeyValuePair.Create("epoch", step / 4.0));

    public static LogEntry Summary(int step) => new(step, KeyValuePair.Create("train_loss", 3.5), KeyValuePair.Create("train_runtime", 12.0), KeyValuePair.Create("epoch", 1.0));

    public static LogEntry Measured(int step) => new(step, KeyValuePair.Create("tokens_per_second", 1000.0));

    /// <summary>Console, four steps, an evaluation, the sample; not the end.</summary>
    public static void Log(ITracker tracker, TrackedRun run)
    {
        tracker.LogConsole("before the start", isError: false);
        tracker.OnStart(run);
        for (int step = 1; step <= 4; step++)
        {
            tracker.Log(Training(step));
            tracker.Measure(Measured(step));
            tracker.LogConsole($"step {step}", isError: step == 3);
        }

        tracker.Log(Evaluation(4));
        tracker.Log(Summary(4));
        tracker.LogSample(Sample);
        tracker.Flush();
    }
}
