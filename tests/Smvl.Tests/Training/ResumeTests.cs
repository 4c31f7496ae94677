using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>A run that stops and continues is the run that never stopped, bit for bit.</summary>
public sealed class ResumeTests
{
    public static TheoryData<string, string> Policies => new()
    {
        { "connector", "random" },
        { "connector+vision", "sequential" },
        { "full", "random" },
    };

    [Theory, MemberData(nameof(Policies))]
    public void AnInterruptedRunContinuesBitForBit(string freeze, string sampling) => CheckContinues(freeze, sampling);

    [Theory]
    [InlineData("--optim", "adamw_8bit")]
    [InlineData("--optim", "lion_32bit")]
    [InlineData("--optim", "muon")]
    [InlineData("--use_ema", "true")]
    [InlineData("--label_smoothing_factor", "0.1", "--z_loss_multiplier", "1e-3")]
    [InlineData("--metric_for_best_model", "visual_gain", "--early_stopping_patience", "9")]
    public void SoDoesOneWith(params string[] more) => CheckContinues("full", "random", more);

    private static void CheckContinues(string freeze, string sampling, params string[] more)
    {
        using TemporaryFolder folder = new();
        RecordingObserver whole = new();
        RunFixture.Run([.. Keys(folder["whole"], freeze, sampling), .. more], whole);

        // stopped in the middle of the second epoch, between two logs, on one thread; continued on two
        using CancellationTokenSource stop = new();
        RecordingObserver first = new()
        {
            AtStep = step =>
            {
                if (step == 7)
                {
                    stop.Cancel();
                }
            },
        };
        TrainingResult interrupted = RunFixture.Run([.. Keys(folder["parts"], freeze, sampling), .. more], first, threads: 1, cancellation: stop.Token);
        Assert.True(interrupted.Interrupted);
        Assert.Equal(7, interrupted.Step);
        Assert.True(Directory.Exists(folder["parts", "checkpoint-7"]));
        Assert.False(File.Exists(folder["parts", "model.safetensors"]));

        RecordingObserver second = new();
        TrainingResult finished = RunFixture.Run([.. Keys(folder["parts"], freeze, sampling), .. more], second);
        Assert.False(finished.Interrupted);
        Assert.Equal([.. whole.Steps.Select(s => s.Loss)], first.Steps.Concat(second.Steps).Select(s => s.Loss).ToArray());
        Assert.Equal([.. whole.Steps.Select(s => s.GradientNorm)], first.Steps.Concat(second.Steps).Select(s => s.GradientNorm).ToArray());
        Assert.Equal(whole.Evaluations, [.. first.Evaluations, .. second.Evaluations]);
        AssertSameWeights(folder["whole"], folder["parts"]);
        Assert.Equal(LogOf(folder["whole"]), LogOf(folder["parts"]));
    }

    [Fact]
    public void ThreadsDoNotChangeARun()
    {
        using TemporaryFolder folder = new();
        RunFixture.Run(Keys(folder["one"], "full", "random"), threads: 1);
        RunFixture.Run(Keys(folder["three"], "full", "random"), threads: 3);
        AssertSameWeights(folder["one"], folder["three"]);
    }

    [Fact]
    public void AFinishedRunTrainsNothingMore()
    {
        using TemporaryFolder folder = new();
        RunFixture.Run(Keys(folder["run"], "connector", "random"));
        Dictionary<string, byte[]> before = RunFixture.Weights(folder["run"]);
        RecordingObserver again = new();
        RunFixture.Run(Keys(folder["run"], "connector", "random"), again);
        Assert.Empty(again.Steps);
        Dictionary<string, byte[]> after = RunFixture.Weights(folder["run"]);
        Assert.All(before, tensor => Assert.Equal(tensor.Value, after[tensor.Key]));
    }

    [Fact]
    public void OnlyTheLastCheckpointsAreKept()
    {
        using TemporaryFolder folder = new();
        RunFixture.Run(Keys(folder["run"], "connector", "random"));
        Assert.Equal(
            ["checkpoint-10", "checkpoint-8"],
            Directory.GetDirectories(folder["run"]).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
    }

    private static List<string> Keys(string output, string freeze, string sampling) => RunFixture.Keys(
        output,
        "--freeze", freeze, "--train_sampling_strategy", sampling, "--eval_rows", "2", "--eval_strategy", "steps", "--eval_steps", "3",
        "--logging_steps", "3", "--save_steps", "2", "--save_total_limit", "2",
        "--max_steps", "10", "--per_device_train_batch_size", "2", "--gradient_accumulation_steps", "2",
        "--learning_rate", "1e-3", "--lr_scheduler_type", "cosine", "--warmup_ratio", "0.2", "--weight_decay", "0.01",
        "--neftune_noise_alpha", "5");

    private static void AssertSameWeights(string expected, string actual)
    {
        Dictionary<string, byte[]> a = RunFixture.Weights(expected);
        Dictionary<string, byte[]> b = RunFixture.Weights(actual);
        Assert.Equal(a.Keys.Order(), b.Keys.Order());
        Assert.All(a, tensor => Assert.Equal(tensor.Value, b[tensor.Key]));
    }

    /// <summary>The log without what depends on the clock.</summary>
    private static string[] LogOf(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "log.jsonl")).Select(line =>
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            return string.Join(' ', entry.RootElement.EnumerateObject()
                .Where(p => !p.Name.Contains("runtime", StringComparison.Ordinal) && !p.Name.EndsWith("per_second", StringComparison.Ordinal))
                .Select(p => $"{p.Name}={p.Value.GetRawText()}"));
        })];
}
