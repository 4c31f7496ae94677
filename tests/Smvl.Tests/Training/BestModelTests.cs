using System.Text.Json;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Tracking;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Which evaluation was best, what is kept of it, and when a run gives up waiting for a better one.</summary>
public sealed class BestModelTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    /// <summary>The steps of transformers' EarlyStoppingCallback, worked out by hand.</summary>
    [Theory]
    [InlineData("3 2 2 2 2", "--early_stopping_patience 2", 2, "0 0 1 2 3")]
    [InlineData("3 2.9 2.8 2 1.9", "--early_stopping_patience 2 --early_stopping_threshold 0.5", 5, "0 1 2 0 1")]
    [InlineData("3 4 2 2.5 2.4", "--early_stopping_patience 3", 3, "0 1 0 1 2")]
    [InlineData("1 2 3 2", "--metric_for_best_model visual_gain", 3, "0 0 0 1")]
    [InlineData("1 2 3 2", "--metric_for_best_model visual_gain --greater_is_better false", 1, "0 1 2 3")]
    public void TheBestIsTransformers(string values, string keys, int bestStep, string waited)
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine([.. keys.Split(' '), "--eval_strategy", "steps"]);
        string metric = keys.Contains("visual_gain", StringComparison.Ordinal) ? "eval_visual_gain" : "eval_loss";
        LogEntry[] history = [.. values.Split(' ').Select((value, i) =>
            new LogEntry(i + 1, KeyValuePair.Create(metric, double.Parse(value, System.Globalization.CultureInfo.InvariantCulture))))];
        BestModel best = BestModel.Create(arguments, [], _ => false)!;
        Assert.Equal(waited, string.Join(' ', history.Select(entry =>
        {
            best.Observe(entry);
            return best.Waited;
        })));
        Assert.Equal(bestStep, best.Step);

        // a continued run knows the same from its log
        BestModel continued = BestModel.Create(arguments, history, step => step == bestStep)!;
        Assert.Equal((best.Step, best.Value, best.Waited, bestStep), (continued.Step, continued.Value, continued.Waited, continued.SavedStep));
    }

    [Fact]
    public void NothingIsTrackedWhereNobodyAsks() => Assert.Null(BestModel.Create(TrainingArguments.FromCommandLine("--eval_strategy", "steps"), [], _ => true));

    [Fact]
    public void AnUnknownMetricIsAnError()
    {
        SmvlException error = Assert.Throws<SmvlException>(() => RunFixture.Run(Keys("run", "--metric_for_best_model", "bleu")));
        Assert.Contains("eval_bleu", error.Message);
        Assert.Contains("eval_loss", error.Message);
    }

    /// <summary>By the largest loss the first evaluation is the best, whatever is learnt behind it.</summary>
    [Fact]
    public void TheTrainedModelIsTheBestCheckpoint()
    {
        RecordingObserver observer = new();
        RunFixture.Run(Keys("run", "--load_best_model_at_end", "--save_total_limit", "1", "--max_steps", "6"), observer);
        int best = observer.Evaluations.MaxBy(evaluation => evaluation.Loss).Step;
        Assert.NotEqual(6, best);
        Assert.Equal([$"checkpoint-{best}", "checkpoint-6"], Checkpoints("run"));
        Dictionary<string, byte[]> kept = RunFixture.Weights(temporary["run", $"checkpoint-{best}"]), trained = RunFixture.Weights(temporary["run"]);
        Assert.All(kept, tensor => Assert.Equal(tensor.Value, trained[tensor.Key]));
        JsonElement state = JsonDocument.Parse(File.ReadAllText(temporary["run", "trainer_state.json"])).RootElement;
        Assert.Equal(best, state.GetProperty("best_global_step").GetInt32());
        Assert.Equal(observer.Evaluations.Max(evaluation => evaluation.Loss), state.GetProperty("best_metric").GetDouble());
        Assert.Equal(temporary["run", $"checkpoint-{best}"], state.GetProperty("best_model_checkpoint").GetString());
    }

    /// <summary>The same with adapters, which are taken back from the checkpoint with all that was trained beside them.</summary>
    [Theory]
    [InlineData("--lora_dropout", "0.1")]
    [InlineData("--use_dora", "true")]
    [InlineData("--use_dora", "true", "--use_ema", "true", "--ema_decay", "0.5")]
    [InlineData("--bf16", "true", "--gradient_checkpointing", "true")]
    public void TheTrainedAdapterIsTheBestCheckpoints(params string[] more)
    {
        Splicer.Splice(new SpliceOptions(Golden.Path("sources", "smolvlm2-tiny"), Golden.Path("sources", "qwen3-tiny"), temporary["model"]));
        List<string> keys = Keys("run", ["--load_best_model_at_end", "--max_steps", "6", "--lora_r", "2", .. more]);
        keys[1] = temporary["model"];
        RecordingObserver observer = new();
        RunFixture.Run(keys, observer);
        int best = observer.Evaluations.MaxBy(evaluation => evaluation.Loss).Step;
        Assert.NotEqual(6, best);
        Assert.Equal(Adapter($"checkpoint-{best}"), Adapter(""));
        Assert.NotEqual(Adapter("checkpoint-6"), Adapter(""));
        double again = observer.Evaluations.Max(evaluation => evaluation.Loss), measured = LossOf(temporary["run"], keys);
        Assert.Equal(again, measured, 1e-5 * again);
    }

    [Fact]
    public void ARunThatGetsNoBetterStops()
    {
        RecordingObserver observer = new(), again = new();
        TrainingResult result = RunFixture.Run(Keys("run", "--early_stopping_patience", "2", "--max_steps", "20"), observer);
        int best = observer.Evaluations.MaxBy(evaluation => evaluation.Loss).Step;
        Assert.Equal(best + 2, result.Step);
        Assert.Contains(observer.Notes, note => note.StartsWith("stopping early", StringComparison.Ordinal));
        Assert.True(File.Exists(temporary["run", "model.safetensors"]));

        // it has stopped for good
        RunFixture.Run(Keys("run", "--early_stopping_patience", "2", "--max_steps", "20"), again);
        Assert.Empty(again.Steps);
    }

    [Fact]
    public void OnlyTheBestAreSaved()
    {
        RecordingObserver observer = new();
        RunFixture.Run([.. Keys("run", "--max_steps", "5"), "--save_strategy", "best"], observer);
        List<string> expected = [];
        double most = double.NegativeInfinity;
        foreach ((int step, double loss) in observer.Evaluations)
        {
            if (loss > most)
            {
                most = loss;
                expected.Add($"checkpoint-{step}");
            }
        }

        Assert.Equal(expected, Checkpoints("run"));
    }

    [Theory]
    [InlineData("no evaluation says", "--load_best_model_at_end")]
    [InlineData("no evaluation says", "--save_strategy", "best")]
    [InlineData("no evaluation says", "--early_stopping_patience", "2")]
    [InlineData("early_stopping_patience beside it", "--eval_strategy", "steps", "--early_stopping_threshold", "0.1")]
    [InlineData("save_strategy as eval_strategy", "--eval_strategy", "epoch", "--load_best_model_at_end")]
    [InlineData("a multiple of eval_steps", "--eval_strategy", "steps", "--load_best_model_at_end", "--eval_steps", "4", "--save_steps", "6")]
    [InlineData("a multiple of eval_steps", "--eval_strategy", "steps", "--load_best_model_at_end", "--eval_steps", "4", "--save_steps", "0.5")]
    public void WhatCannotWorkIsRefused(string expected, params string[] keys) =>
        Assert.Contains(expected, Assert.Throws<SmvlException>(() => TrainingArguments.FromCommandLine(keys)).Message);

    private byte[] Adapter(string folder) => File.ReadAllBytes(temporary["run", folder, AdapterFolder.WeightsName]);

    /// <summary>The loss of the rows that the run held out, with a model as it lies in its folder.</summary>
    private static double LossOf(string model, List<string> keys)
    {
        using CpuBackend backend = new(2);
        using ModelFolder folder = ModelFolder.OpenAny(model, backend);
        TrainingArguments arguments = TrainingArguments.FromCommandLine(keys);
        using TrainingData data = TrainingRun.OpenData(arguments, folder);
        return Smvl.Training.Evaluation.Run(folder.Model, data, arguments.PerDeviceEvalBatchSize, 0, default).Loss;
    }

    private string[] Checkpoints(string run) =>
        [.. Directory.GetDirectories(temporary[run], "checkpoint-*").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private List<string> Keys(string output, params string[] more) =>
    [
        .. RunFixture.Keys(
            temporary[output], "--eval_rows", "2", "--eval_strategy", "steps", "--eval_steps", "1", "--save_steps", "1", "--logging_steps", "1",
            "--per_device_train_batch_size", "2", "--learning_rate", "1e-2", "--lr_scheduler_type", "constant", "--greater_is_better", "true", "--visual_gain", "false"),
        .. more,
    ];
}
