using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class TrainingArgumentsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DefaultsAreTransformers()
    {
        TrainingArguments defaults = TrainingArguments.FromCommandLine();
        Assert.Equal("trainer_output", defaults.OutputDir);
        Assert.Equal(3.0, defaults.NumTrainEpochs);
        Assert.Equal(-1, defaults.MaxSteps);
        Assert.Equal(8, defaults.PerDeviceTrainBatchSize);
        Assert.Equal(5e-5, defaults.LearningRate);
        Assert.Equal(ScheduleType.Linear, defaults.LrSchedulerType);
        Assert.Equal(0, defaults.WarmupSteps);
        Assert.Equal(500, defaults.LoggingSteps);
        Assert.Equal(IntervalStrategy.No, defaults.EvalStrategy);
        Assert.Null(defaults.EvalSteps);
        Assert.Equal(500, defaults.SaveSteps);
        Assert.Null(defaults.SaveTotalLimit);
        Assert.Equal(42, defaults.DataSeed);
        Assert.Equal(FreezePolicy.Connector, defaults.Freeze);
        Assert.Equal("trainer_output", defaults.RunName);
        Assert.Equal(["swanlab"], defaults.ReportTo);
    }

    [Fact]
    public void YamlValuesAreReadByTheirKeysType()
    {
        TrainingArguments arguments = Yaml("""
            # a comment
            learning_rate: 1e-4
            weight_decay: "0.01"
            adam_epsilon: 1E-6
            max_steps: 1_000
            eval_strategy: no
            logging_strategy: "steps"
            save_strategy: false
            bf16: yes
            gradient_checkpointing: "off"
            train_data: [cocoqa, ai2d]
            freeze: connector+vision
            report_to: ~
            save_total_limit:
            eval_steps: .125
            lr_scheduler_type: cosine
            lr_scheduler_kwargs: {num_cycles: 1e0}
            """);
        Assert.Equal(1e-4, arguments.LearningRate);
        Assert.Equal(0.01, arguments.WeightDecay);
        Assert.Equal(1e-6, arguments.AdamEpsilon);
        Assert.Equal(1000, arguments.MaxSteps);
        Assert.Equal(IntervalStrategy.No, arguments.EvalStrategy);
        Assert.Equal(IntervalStrategy.Steps, arguments.LoggingStrategy);
        Assert.Equal(SaveStrategy.No, arguments.SaveStrategy);
        Assert.True(arguments.Bf16);
        Assert.False(arguments.GradientCheckpointing);
        Assert.Equal(["cocoqa", "ai2d"], arguments.TrainData);
        Assert.Equal(FreezePolicy.ConnectorAndVision, arguments.Freeze);
        Assert.Equal(["swanlab"], arguments.ReportTo);
        Assert.Null(arguments.SaveTotalLimit);
        Assert.Equal(0.125, arguments.EvalSteps);
        Assert.Equal(1.0, arguments.LrSchedulerKwargs["num_cycles"]);
    }

    [Fact]
    public void NullMeansTheDefault()
    {
        TrainingArguments arguments = Yaml("max_steps: null\nnum_train_epochs: ~\ndata_seed:\ndownstream_tasks: null\nvideo_data: false\n");
        Assert.Equal(-1, arguments.MaxSteps);
        Assert.Equal(3.0, arguments.NumTrainEpochs);
    }

    [Fact]
    public void TheCommandLineTakesEveryForm()
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine(
            "--learning_rate", "1e-4", "--max-steps=12", "--train_data", "cocoqa,ai2d", "--bf16", "--gradient_checkpointing", "F",
            "--no_remove_unused_columns", "--no-dataloader-pin-memory", "--data_seed", "7", "--lr_scheduler_type=inverse_sqrt", "--lr_scheduler_kwargs", "{\"timescale\": 9}");
        Assert.Equal(1e-4, arguments.LearningRate);
        Assert.Equal(12, arguments.MaxSteps);
        Assert.Equal(["cocoqa", "ai2d"], arguments.TrainData);
        Assert.True(arguments.Bf16);
        Assert.False(arguments.GradientCheckpointing);
        Assert.Equal(7, arguments.DataSeed);
        Assert.Equal(9.0, arguments.LrSchedulerKwargs["timescale"]);
        Assert.Equal(-1, TrainingArguments.FromCommandLine("--max_steps", "-1").MaxSteps);
    }

    [Theory]
    [InlineData("true", true), InlineData("YES", true), InlineData("t", true), InlineData("Y", true), InlineData("1", true)]
    [InlineData("false", false), InlineData("No", false), InlineData("f", false), InlineData("n", false), InlineData("0", false)]
    public void FlagsTakeTheWordsOfHfArgumentParser(string word, bool value)
    {
        Assert.Equal(value, TrainingArguments.FromCommandLine("--skip_bad_rows", word).SkipBadRows);
        Assert.Equal(value, TrainingArguments.FromCommandLine($"--skip-bad-rows={word}").SkipBadRows);
    }

    [Fact]
    public void TheCommandLineComesBeforeTheFile()
    {
        string path = _folder.Write("run.yaml", "learning_rate: 1e-4\nevaluation_strategy: steps\nseed: 1\n");
        TrainingArguments arguments = TrainingArguments.FromCommandLine(path, "--learning_rate", "2e-4", "--eval_strategy", "epoch");
        Assert.Equal(2e-4, arguments.LearningRate);
        Assert.Equal(IntervalStrategy.Epoch, arguments.EvalStrategy);
        Assert.Equal(1, arguments.Seed);
    }

    [Fact]
    public void EvaluationStrategyIsTheOlderNameOfEvalStrategy()
    {
        Assert.Equal(IntervalStrategy.Steps, Yaml("evaluation_strategy: steps\n").EvalStrategy);
        Assert.Equal(IntervalStrategy.Steps, Yaml("evaluation_strategy: steps\neval_strategy: steps\n").EvalStrategy);
        string error = Error("evaluation_strategy: steps\neval_strategy: epoch\n");
        Assert.Contains("run.yaml:2", error, StringComparison.Ordinal);
        Assert.Contains("evaluation_strategy", error, StringComparison.Ordinal);
    }

    [Fact]
    public void EvalStepsFallBackToLoggingSteps() => Assert.Equal(10, Yaml("eval_strategy: steps\nlogging_steps: 10\n").EvalSteps);

    [Theory]
    [InlineData("learning_rat: 1", "run.yaml:1", "learning_rate")]
    [InlineData("seed: 1\n\nper_device_batch_size: 1", "run.yaml:3", "per_device_eval_batch_size")]
    [InlineData("seed: 1\nseed: 2", "run.yaml:2", "uplicate")]
    [InlineData("max_steps: many", "run.yaml:1", "'many'")]
    [InlineData("max_steps: 1.5", "integer", "'1.5'")]
    [InlineData("max_steps: 0", "integer, >= 1, or -1", "'0'")]
    [InlineData("max_steps: 012", "integer", "'012'")]
    [InlineData("max_steps: 99999999999", "integer", "'99999999999'")]
    [InlineData("learning_rate: fast", "number, >= 0", "'fast'")]
    [InlineData("learning_rate: .nan", "number", "'.nan'")]
    [InlineData("learning_rate: [1]", "number", "['1']")]
    [InlineData("bf16: perhaps", "true or false", "'perhaps'")]
    [InlineData("eval_strategy: yes", "no or steps or epoch", "'yes'")]
    [InlineData("eval_strategy: sometimes", "no or steps or epoch", "'sometimes'")]
    [InlineData("save_strategy: best", "no evaluation says", "eval_strategy")]
    [InlineData("freeze: vision", "connector or connector+vision or full", "'vision'")]
    [InlineData("save_total_limit: 0", ">= 1", "'0'")]
    [InlineData("turns: 0", "first, all or a number above 0", "'0'")]
    [InlineData("turns: every", "first, all or a number above 0", "'every'")]
    [InlineData("eval_steps: 2.5", "whole from 1 on", "'2.5'")]
    [InlineData("logging_steps: 0", "> 0", "'0'")]
    [InlineData("warmup_ratio: 1.5", "< 1", "'1.5'")]
    [InlineData("warmup_ratio: 0.1\nwarmup_steps: 20", "run.yaml:1", "0.1 and 20.0")]
    [InlineData("train_data: []", "name or list of names", "[]")]
    [InlineData("train_data: 'cocoqa,,ai2d'", "name or list of names", "'cocoqa,,ai2d'")]
    [InlineData("eval_rows: 0\neval_strategy: steps", "run.yaml:1", "eval_rows")]
    [InlineData("overwrite_output_dir: true\nresume_from_checkpoint: true", "run.yaml:2", "contradict")]
    [InlineData("resume_from_checkpoint: false", "checkpoint folder", "'false'")]
    [InlineData("lr_scheduler_type: reduce_lr_on_plateau", "not supported", "evaluation loss")]
    [InlineData("lr_scheduler_type: warmup_stable_decay", "num_decay_steps", "nothing")]
    [InlineData("lr_scheduler_type: cosine\nlr_scheduler_kwargs: {cycles: 2}", "run.yaml:2: lr_scheduler_kwargs", "num_cycles")]
    [InlineData("lr_scheduler_type: cosine_with_min_lr", "min_lr or min_lr_rate", "neither")]
    [InlineData("lr_scheduler_type: polynomial\nlr_scheduler_kwargs: {lr_end: 1}", "lr_end < learning_rate", "1.0")]
    [InlineData("fp16: true", "fp16 is not supported", "bf16")]
    [InlineData("deepspeed: {stage: 2}", "deepspeed is not supported", "stage")]
    [InlineData("load_best_model_at_end: true", "run.yaml:1", "no evaluation says")]
    [InlineData("label_smoothing_factor: 1", ">= 0 and < 1", "'1'")]
    [InlineData("optim: sgd", "adamw_torch or adamw_torch_fused", "'sgd'")]
    [InlineData("optim: paged_adamw_8bit", "not supported", "adamw_8bit")]
    [InlineData("vision_cache_limit: much", "size such as 20GB", "'much'")]
    [InlineData("stage1_lr: -1", "number, >= 0", "'-1'")]
    [InlineData("video_data: true", "not supported", "not supported yet")]
    [InlineData("dataloader_pin_memory: perhaps", "true or false", "'perhaps'")]
    [InlineData("- a\n- b", "run.yaml:1", "sequence")]
    [InlineData("seed: [1", "run.yaml:", "YAML")]
    [InlineData("", "run.yaml", "empty")]
    [InlineData("seed: 1\n---\nseed: 2", "run.yaml", "several documents")]
    [InlineData("train_data: &x [*x]", "run.yaml:1", "")]
    public void AWrongFileIsAnErrorInOneLine(string yaml, string first, string second)
    {
        string error = Error(yaml);
        Assert.Contains(first, error, StringComparison.Ordinal);
        Assert.Contains(second, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("unknown key learning_rat; did you mean learning_rate", "--learning_rat", "1")]
    [InlineData("--max_steps has no value", "--max_steps")]
    [InlineData("--max_steps has no value", "--max_steps", "--bf16")]
    [InlineData("seed is given twice", "--seed", "1", "--seed", "1")]
    [InlineData("unexpected argument run.yaml", "--seed", "1", "run.yaml")]
    [InlineData("bf16 has a value that cannot be used (expected true or false, actual 'run.yaml')", "--bf16", "run.yaml")]
    [InlineData("unknown key no_bf16", "--no_bf16")]
    [InlineData("missing.yaml: the configuration file does not exist", "missing.yaml")]
    [InlineData("output_dir has a value that cannot be used", "--output_dir", "")]
    public void AWrongCommandLineIsAnErrorInOneLine(string expected, params string[] arguments)
    {
        string error = Assert.Throws<SmvlException>(() => TrainingArguments.FromCommandLine(arguments)).Message;
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", true), InlineData("[swanlab, tensorboard]", true), InlineData("jsonl", true), InlineData("all", true)]
    [InlineData("wandb", false), InlineData("[swanlab, none]", false), InlineData("[]", false)]
    public void TrackersAreThoseThatAreKnown(string value, bool isKnown)
    {
        Exception? failure = Record.Exception(() => Yaml($"report_to: {value}\n"));
        Assert.True(isKnown ? failure is null : failure is SmvlException, failure?.Message);
    }

    [Fact]
    public void TheHomeFolderIsExpanded()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.Combine(home, "run"), TrainingArguments.FromCommandLine("--output_dir", "~/run").OutputDir);
        Assert.Equal("a/~b", TrainingArguments.FromCommandLine("--output_dir", "a/~b").OutputDir);
    }

    [Fact]
    public void TheSavedConfigurationReadsBackTheSame()
    {
        TrainingArguments arguments = Yaml("""
            output_dir: 'a "quoted" \ folder: 狗 🐶'
            sample_question: "null"
            train_data: [no, "1e-4"]
            learning_rate: 1e-5
            lr_scheduler_type: warmup_stable_decay
            lr_scheduler_kwargs: {num_decay_steps: 4, decay_type: 1-sqrt}
            disable_tqdm: true
            warmup_ratio: 0.1
            save_total_limit: 3
            evaluation_strategy: epoch
            """);
        arguments.Save(_folder.Path);
        string yaml = File.ReadAllText(_folder.File(TrainingArguments.FileName));
        Assert.Contains("learning_rate: 1.0e-05\n", yaml, StringComparison.Ordinal);
        Assert.Contains("disable_tqdm: true\n", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("local_rank", yaml, StringComparison.Ordinal);

        TrainingArguments again = TrainingArguments.FromYaml(_folder.File(TrainingArguments.FileName));
        Assert.Equal(yaml, again.ToYaml());
        Assert.Equal(arguments.OutputDir, again.OutputDir);
        Assert.Equal("null", again.SampleQuestion);
        Assert.Equal(["no", "1e-4"], again.TrainData);
        Assert.Equal("1-sqrt", again.LrSchedulerKwargs["decay_type"]);
        Assert.Equal(IntervalStrategy.Epoch, again.EvalStrategy);

        using JsonDocument json = JsonDocument.Parse(arguments.ToJson());
        Assert.Equal(1e-5, json.RootElement.GetProperty("learning_rate").GetDouble());
        Assert.Equal(arguments.OutputDir, json.RootElement.GetProperty("output_dir").GetString());
        Assert.Equal(4, json.RootElement.GetProperty("lr_scheduler_kwargs").GetProperty("num_decay_steps").GetDouble());
    }

    [Theory]
    [InlineData("first", 1), InlineData("1", 1), InlineData("2", 2), InlineData("all", int.MaxValue)]
    public void TurnsAreANumberOrAWord(string written, int turns)
    {
        TrainingArguments arguments = Yaml($"turns: {written}\n");
        Assert.Equal(turns, arguments.SampleRules.Turns);
        arguments.Save(_folder.Path);
        Assert.Equal(turns, TrainingArguments.FromYaml(_folder.File(TrainingArguments.FileName)).SampleRules.Turns);
    }

    [Theory]
    [InlineData("", "abc", 3), InlineData("kitten", "sitting", 3), InlineData("same", "same", 0), InlineData("ab", "ba", 2)]
    public void DistanceCountsEdits(string a, string b, int expected) => Assert.Equal(expected, NearestNames.Distance(a, b));

    [Theory]
    [InlineData(2, "2.0"), InlineData(0.125, "0.125"), InlineData(1e-5, "1.0e-05"), InlineData(-0.1, "-0.1"), InlineData(1.5e300, "1.5e+300"), InlineData(0, "0.0")]
    public void FloatsAreWrittenAsFloats(double value, string expected) => Assert.Equal(expected, FloatText.Of(value));

    [Fact]
    public void HelpNamesEveryKey()
    {
        string help = TrainingHelp.Text();
        Assert.All(TrainingKeys.All, key => Assert.Contains($"--{key.Name}  ", help, StringComparison.Ordinal));
    }

    private TrainingArguments Yaml(string text) => TrainingArguments.FromYaml(_folder.Write("run.yaml", text));

    private string Error(string text) => Assert.Throws<SmvlException>(() => Yaml(text)).Message;
}
