using Smvl.Data;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Training;

/// <summary>
/// The configuration of a training run: names, meanings and defaults of transformers' TrainingArguments, and keys of our own, all of
/// them in docs/training.md. Read from a YAML file, from the command line, or from a file with the command line's keys over it; checked
/// when it is made; not changed afterwards.
/// </summary>
public sealed class TrainingArguments
{
    /// <summary>The name under which <see cref="Save"/> stores the configuration.</summary>
    public const string FileName = "training_args.yaml";

    /// <summary>How <see cref="SmvlException.Where"/> begins for what is wrong on the command line rather than in a file.</summary>
    public const string CommandLine = CommandLineConfig.Where;

    private readonly Dictionary<string, object?> _values;
    private readonly Dictionary<string, string> _origins;

    private TrainingArguments(params IReadOnlyList<RawEntry>[] sources)
    {
        _values = new(StringComparer.Ordinal);
        _origins = new(StringComparer.Ordinal);
        foreach (IReadOnlyList<RawEntry> source in sources)
        {
            Take(source);
        }

        Check();
    }

    private TrainingArguments(TrainingArguments earlier, IReadOnlyList<RawEntry> more)
    {
        _values = new(earlier._values, StringComparer.Ordinal);
        _origins = new(earlier._origins, StringComparer.Ordinal);
        Take(more);
        Check();
    }

    private void Check()
    {
        if (Stages is null)
        {
            CheckTogether();
            return;
        }

        CheckStages();
        if (Get(TrainingKeys.Stages) is { } written)
        {
            // what the command line overrides is no part of the stages any more, also not when the configuration is read again
            _values[TrainingKeys.Stages.Name] = written.Select(stage => stage with { Keys = [.. stage.Keys.Where(YieldsTo)] }).ToArray();
        }

        foreach (StageKeys stage in Stages)
        {
            _ = ForStage(stage, Model);   // fails here rather than when its turn comes
        }
    }

    private TrainingArguments(TrainingArguments whole, StageKeys stage, string? model)
    {
        _values = new(whole._values, StringComparer.Ordinal);
        _origins = new(whole._origins, StringComparer.Ordinal);
        foreach (TrainingKey key in (TrainingKey[])[TrainingKeys.Stages, TrainingKeys.TrainingStage, TrainingKeys.ResumeFromStage])
        {
            _values.Remove(key.Name);
        }

        StageKey[] own = [.. stage.Keys.Where(whole.YieldsTo)];
        foreach (string other in own.SelectMany(key => Rivals(key.Key.CanonicalName)))
        {
            _values.Remove(other);
        }

        foreach (StageKey key in own)
        {
            _values[key.Key.CanonicalName] = key.Value;
            _origins[key.Key.CanonicalName] = key.Where;
        }

        _values[TrainingKeys.OutputDir.Name] = Path.Combine(whole.OutputDir, stage.Name);
        _values[TrainingKeys.RunName.Name] = $"{whole.RunName}-{stage.Name}";
        if (model is not null)
        {
            _values[TrainingKeys.Model.Name] = model;
        }

        if (whole.LoggingDir is { } logs)
        {
            _values[TrainingKeys.LoggingDir.Name] = Path.Combine(logs, stage.Name);
        }

        CheckTogether();
    }

    /// <summary>A spliced checkpoint, or null: splice the two published source models first.</summary>
    public string? Model => Get(TrainingKeys.Model);

    public IReadOnlyList<string> TrainData => Get(TrainingKeys.TrainData);

    /// <summary><see cref="TrainData"/>, its limits, repeats and weights read.</summary>
    public IReadOnlyList<DatasetRequest> Datasets => DatasetRequest.ParseAll(TrainData, Origin(TrainingKeys.TrainData));

    public string DataDir => Get(TrainingKeys.DataDir);

    /// <summary>Where the pictures of JSON datasets are looked for first, or null: beside the JSON file alone.</summary>
    public string? ImageFolder => Get(TrainingKeys.ImageFolder);

    public FreezePolicy Freeze => Get(TrainingKeys.Freeze);

    /// <summary>Patterns that <see cref="FreezeRules"/> reads; empty where none is given.</summary>
    public IReadOnlyList<string> FreezeParameters => Get(TrainingKeys.FreezeParameters) ?? [];

    /// <inheritdoc cref="FreezeParameters"/>
    public IReadOnlyList<string> TrainableParameters => Get(TrainingKeys.TrainableParameters) ?? [];

    /// <summary>Rank of the adapters; null: there are none.</summary>
    public int? LoraRank => Get(TrainingKeys.LoraR);

    /// <summary>Null: twice the rank.</summary>
    public double? LoraAlpha => Get(TrainingKeys.LoraAlpha);

    public double LoraDropout => Get(TrainingKeys.LoraDropout);

    public bool UseDora => Get(TrainingKeys.UseDora);

    /// <summary>Names or patterns that <see cref="LoraTargets"/> reads; null: the text decoder's layers.</summary>
    public IReadOnlyList<string>? LoraTargetModules => Get(TrainingKeys.LoraTargetModules);

    /// <summary>Tokens per sample.</summary>
    public int MaxLength => Get(TrainingKeys.MaxLength);

    /// <summary>How rows become samples.</summary>
    public SampleRules SampleRules => new(MaxLength)
    {
        Turns = Get(TrainingKeys.Turns),
        MaxImages = Get(TrainingKeys.MaxImages),
        LossOn = Get(TrainingKeys.LossOn),
        MaxTiles = Get(TrainingKeys.MaxTiles),
    };

    /// <summary>Null: as the model's folder says, and <see cref="Text.ImageLayout.Tokens"/> for a model that the run splices itself.</summary>
    public ImageLayout? ImageLayout => Get(TrainingKeys.ImageLayout);

    /// <summary>Null: as the model's folder says.</summary>
    public bool? DoImageSplitting => Get(TrainingKeys.DoImageSplitting);

    public int EvalRows => Get(TrainingKeys.EvalRows);

    public bool SkipBadRows => Get(TrainingKeys.SkipBadRows);

    /// <summary>Folder that keeps a frozen tower's rows, or null.</summary>
    public string? VisionCache => Get(TrainingKeys.VisionCache);

    /// <summary>Bytes.</summary>
    public long VisionCacheLimit => Get(TrainingKeys.VisionCacheLimit);

    /// <summary>Null in a run without stages; their keys win over the others, but not over the command line's.</summary>
    internal IReadOnlyList<StageKeys>? Stages => Get(TrainingKeys.TrainingStage) is { } original
        ? StageKeys.OfOriginal(
            original,
            MaxSteps > 0 ? null : [Get(TrainingKeys.Stage1Epochs), Get(TrainingKeys.Stage2Epochs), Get(TrainingKeys.Stage3Epochs)],
            [Get(TrainingKeys.Stage1Rate), Get(TrainingKeys.Stage2Rate), Get(TrainingKeys.Stage3Rate)],
            Origin(TrainingKeys.TrainingStage))
        : Get(TrainingKeys.Stages);

    /// <summary>Name or number of a finished stage, or null.</summary>
    public string? ResumeFromStage => Get(TrainingKeys.ResumeFromStage);

    public string OutputDir => Get(TrainingKeys.OutputDir);

    public bool OverwriteOutputDir => Get(TrainingKeys.OverwriteOutputDir);

    /// <summary>A checkpoint folder, <c>true</c> for the last one in <see cref="OutputDir"/>, or null.</summary>
    public string? ResumeFromCheckpoint => Get(TrainingKeys.ResumeFromCheckpoint);

    /// <summary><c>run_name</c>, or the name of <see cref="OutputDir"/>.</summary>
    public string RunName => Get(TrainingKeys.RunName) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(OutputDir)));

    public IReadOnlyList<string> ReportTo => Get(TrainingKeys.ReportTo);

    /// <summary>Folder of TensorBoard's files, or null: chosen when the run starts.</summary>
    public string? LoggingDir => Get(TrainingKeys.LoggingDir);

    public string? SampleImage => Get(TrainingKeys.SampleImage);

    public string SampleQuestion => Get(TrainingKeys.SampleQuestion);

    public double NumTrainEpochs => Get(TrainingKeys.NumTrainEpochs);

    /// <summary>Where to compute; null for <see cref="DeviceKind.Auto"/>.</summary>
    public DeviceChoice? Device => Get(TrainingKeys.Device);

    /// <summary>Optimizer steps, or -1: as <see cref="NumTrainEpochs"/> says.</summary>
    public int MaxSteps => Get(TrainingKeys.MaxSteps);

    public int PerDeviceTrainBatchSize => Get(TrainingKeys.PerDeviceTrainBatchSize);

    /// <summary>Most tokens of a micro-batch, or null: it has <see cref="PerDeviceTrainBatchSize"/> samples.</summary>
    public int? MaxTokensPerBatch => Get(TrainingKeys.MaxTokensPerBatch);

    public int PerDeviceEvalBatchSize => Get(TrainingKeys.PerDeviceEvalBatchSize);

    public int GradientAccumulationSteps => Get(TrainingKeys.GradientAccumulationSteps);

    public bool DataloaderDropLast => Get(TrainingKeys.DataloaderDropLast);

    public SamplingStrategy TrainSamplingStrategy => Get(TrainingKeys.TrainSamplingStrategy);

    public int Seed => Get(TrainingKeys.Seed);

    /// <summary><c>data_seed</c>, or <see cref="Seed"/> where it is not given.</summary>
    public int DataSeed => Get(TrainingKeys.DataSeed) ?? Seed;

    public double LearningRate => Get(TrainingKeys.LearningRate);

    /// <summary>A part's own highest rate; null where it has none.</summary>
    public double? LearningRateOf(ModelPart part) => part switch
    {
        ModelPart.Connector => Get(TrainingKeys.LearningRateConnector),
        ModelPart.Vision => Get(TrainingKeys.LearningRateVision),
        _ => Get(TrainingKeys.LearningRateText),
    };

    public ScheduleType LrSchedulerType => Get(TrainingKeys.LrSchedulerType);

    public IReadOnlyDictionary<string, object> LrSchedulerKwargs => Get(TrainingKeys.LrSchedulerKwargs);

    /// <summary>Optimizer steps from 1 on, a share of all steps below: <c>warmup_ratio</c> or <c>warmup_steps</c>.</summary>
    public double WarmupSteps => Get(TrainingKeys.WarmupRatio) ?? Get(TrainingKeys.WarmupSteps);

    public OptimizerName Optim => Get(TrainingKeys.Optim);

    public double WeightDecay => Get(TrainingKeys.WeightDecay);

    public double AdamBeta1 => Get(TrainingKeys.AdamBeta1);

    public double AdamBeta2 => Get(TrainingKeys.AdamBeta2);

    public double AdamEpsilon => Get(TrainingKeys.AdamEpsilon);

    /// <summary>Largest global gradient norm; 0: no clipping.</summary>
    public double MaxGradNorm => Get(TrainingKeys.MaxGradNorm);

    /// <summary>Strength of the noise on token embeddings; null: none.</summary>
    public double? NeftuneNoiseAlpha => Get(TrainingKeys.NeftuneNoiseAlpha);

    public bool Bf16 => Get(TrainingKeys.Bf16);

    public bool GradientCheckpointing => Get(TrainingKeys.GradientCheckpointing);

    /// <summary>What the loss has beside the cross entropy.</summary>
    public LossTerms LossTerms => new((float)Get(TrainingKeys.LabelSmoothingFactor), (float)Get(TrainingKeys.ZLossMultiplier));

    public bool UseEma => Get(TrainingKeys.UseEma);

    public double EmaDecay => Get(TrainingKeys.EmaDecay);

    /// <summary>Standard deviations; 0: no step is reported.</summary>
    public double LossSpikeThreshold => Get(TrainingKeys.LossSpikeThreshold);

    public IntervalStrategy LoggingStrategy => Get(TrainingKeys.LoggingStrategy);

    /// <summary>Optimizer steps from 1 on, a share of all steps below.</summary>
    public double LoggingSteps => Get(TrainingKeys.LoggingSteps);

    public bool LoggingFirstStep => Get(TrainingKeys.LoggingFirstStep);

    public IntervalStrategy EvalStrategy => Get(TrainingKeys.EvalStrategy);

    /// <summary>As <see cref="LoggingSteps"/>; null only where nothing is evaluated by steps.</summary>
    public double? EvalSteps => Get(TrainingKeys.EvalSteps) ?? (EvalStrategy == IntervalStrategy.Steps ? LoggingSteps : null);

    public double EvalDelay => Get(TrainingKeys.EvalDelay);

    /// <summary>Rows that evaluations measure again with other pictures; 0 without visual_gain.</summary>
    public int VisualGainRows => Get(TrainingKeys.VisualGain) ? Get(TrainingKeys.VisualGainRows) : 0;

    public bool EvalOnStart => Get(TrainingKeys.EvalOnStart);

    public SaveStrategy SaveStrategy => Get(TrainingKeys.SaveStrategy);

    /// <summary>As <see cref="LoggingSteps"/>.</summary>
    public double SaveSteps => Get(TrainingKeys.SaveSteps);

    /// <summary>Checkpoints to keep, or null: all.</summary>
    public int? SaveTotalLimit => Get(TrainingKeys.SaveTotalLimit);

    public bool SaveOnlyModel => Get(TrainingKeys.SaveOnlyModel);

    public bool LoadBestModelAtEnd => Get(TrainingKeys.LoadBestModelAtEnd);

    /// <summary>With or without <c>eval_</c>, or null: the loss.</summary>
    public string? MetricForBestModel => Get(TrainingKeys.MetricForBestModel);

    /// <summary>Null: as the metric's name says.</summary>
    public bool? GreaterIsBetter => Get(TrainingKeys.GreaterIsBetter);

    /// <summary>Evaluations, or null: the run goes on to its end.</summary>
    public int? EarlyStoppingPatience => Get(TrainingKeys.EarlyStoppingPatience);

    public double EarlyStoppingThreshold => Get(TrainingKeys.EarlyStoppingThreshold);

    /// <summary>Whether anything asks which evaluation was the best.</summary>
    internal bool TracksBestModel =>
        LoadBestModelAtEnd || MetricForBestModel is not null || EarlyStoppingPatience is not null || SaveStrategy == SaveStrategy.Best;

    public bool IgnoreDataSkip => Get(TrainingKeys.IgnoreDataSkip);

    /// <summary>The configuration in a YAML file; relative paths in it are relative to the working folder.</summary>
    /// <exception cref="SmvlException">unknown, doubled, mistyped, unsupported or contradictory keys: file, line, key, expected and actual</exception>
    public static TrainingArguments FromYaml(string path) => new(YamlConfig.Read(path));

    /// <summary><c>[CONFIG.yaml] [--key value ...]</c>; keys on the command line come before those of the file.</summary>
    /// <exception cref="SmvlException">as for <see cref="FromYaml"/></exception>
    public static TrainingArguments FromCommandLine(params IReadOnlyList<string> arguments)
    {
        bool hasFile = arguments.Count > 0 && !arguments[0].StartsWith("--", StringComparison.Ordinal);
        return hasFile
            ? new TrainingArguments(YamlConfig.Read(arguments[0]), CommandLineConfig.Read([.. arguments.Skip(1)]))
            : new TrainingArguments(CommandLineConfig.Read(arguments));
    }

    /// <summary>The same with other values of some keys, which count as given on the command line.</summary>
    /// <exception cref="SmvlException">as for <see cref="FromCommandLine"/></exception>
    internal TrainingArguments With(params IReadOnlyList<(TrainingKey Key, string Value)> others) =>
        new(this, CommandLineConfig.Read([.. others.Select(other => $"--{other.Key.Name}={other.Value}")]));

    /// <summary>The configuration of one stage: a run of its own, in a folder of its own.</summary>
    /// <param name="stage">one of <see cref="Stages"/></param>
    /// <param name="model">what it begins with; null: as for the whole run</param>
    /// <exception cref="SmvlException">keys that contradict each other in this stage</exception>
    internal TrainingArguments ForStage(StageKeys stage, string? model) => new(this, stage, model);

    /// <summary>The configuration as YAML that <see cref="FromYaml"/> reads back: every key that acts, and the others where they were given.</summary>
    public string ToYaml() => ConfigText.Yaml(PlainValues());

    /// <summary><see cref="ToYaml"/>'s content as a JSON object.</summary>
    public string ToJson() => ConfigText.Json(PlainValues());

    /// <summary>Writes <see cref="FileName"/> into the folder.</summary>
    public void Save(string folder) => File.WriteAllText(Path.Combine(folder, FileName), ToYaml());

    /// <summary>Where a key's value comes from, for errors found later.</summary>
    internal string Origin(TrainingKey key) => _origins.TryGetValue(key.Name, out string? origin) ? $"{origin}: {key.Name}" : key.Name;

    /// <summary>Whether the configuration has a key, be it with its default.</summary>
    internal bool Gives(TrainingKey key) => _origins.ContainsKey(key.Name);

    private T Get<T>(TrainingKey<T> key) => (T)_values.GetValueOrDefault(key.Name, key.Default)!;

    // A key replaces the same key of an earlier source, but not one of its own source.
    private void Take(IReadOnlyList<RawEntry> source)
    {
        var taken = new Dictionary<string, (string Name, object? Value)>(StringComparer.Ordinal);
        foreach (RawEntry entry in source)
        {
            TrainingKey key = TrainingKeys.Find(entry.Name, entry.Value.Where);
            object? value = key.Read(entry.Value);
            if (!taken.TryAdd(key.CanonicalName, (key.Name, value)))
            {
                (string name, object? earlier) = taken[key.CanonicalName];
                if (name == key.Name)
                {
                    throw new SmvlException($"{name} is given twice", entry.Value.Where, hint: "remove one");
                }

                if (!Equals(earlier, value))
                {
                    throw new SmvlException(
                        $"{key.Name} and {name} are two names of one key and differ", entry.Value.Where, ConfigText.Of(key.Plain(earlier)), entry.Value.Shown, "remove one");
                }
            }

            _values[key.CanonicalName] = value;
            _origins[key.CanonicalName] = entry.Value.Where;
        }
    }

    // keys of which one stands for the other
    private static string[] Rivals(string key) => key switch
    {
        "warmup_steps" => ["warmup_ratio"],
        "warmup_ratio" => ["warmup_steps"],
        "num_train_epochs" => ["max_steps"],
        _ => [],
    };

    private bool YieldsTo(StageKey key) =>
        ((string[])[key.Key.CanonicalName, .. Rivals(key.Key.CanonicalName)]).All(name => _origins.GetValueOrDefault(name) != CommandLine);

    private void CheckStages()
    {
        if (Get(TrainingKeys.Stages) is not null && Get(TrainingKeys.TrainingStage) is not null)
        {
            throw new SmvlException("stages and training_stage are two ways to write the same", Origin(TrainingKeys.TrainingStage), "one of them", "both", "remove one");
        }

        if (ResumeFromCheckpoint is not null)
        {
            throw new SmvlException(
                "resume_from_checkpoint is of one run, and stages are several", Origin(TrainingKeys.ResumeFromCheckpoint), hint: "the same command continues the stage that was interrupted; resume_from_stage names a finished one");
        }
    }

    private void CheckTogether()
    {
        if (ResumeFromStage is not null)
        {
            throw new SmvlException("resume_from_stage is given without stages", Origin(TrainingKeys.ResumeFromStage), hint: "resume_from_checkpoint continues a run without stages");
        }

        if (Get(TrainingKeys.WarmupRatio) is { } ratio && Get(TrainingKeys.WarmupSteps) is > 0 and double steps && steps != ratio)
        {
            throw new SmvlException(
                "warmup_ratio and warmup_steps are both given", Origin(TrainingKeys.WarmupRatio), actual: $"{FloatText.Of(ratio)} and {FloatText.Of(steps)}", hint: "remove one");
        }

        if (OverwriteOutputDir && ResumeFromCheckpoint is { } checkpoint)
        {
            throw new SmvlException(
                "resume_from_checkpoint and overwrite_output_dir contradict each other", Origin(TrainingKeys.ResumeFromCheckpoint), actual: $"'{checkpoint}' and true", hint: "remove one");
        }

        if (LoraRank is null && (TrainingKey[])[TrainingKeys.LoraAlpha, TrainingKeys.LoraDropout, TrainingKeys.LoraTargetModules, TrainingKeys.UseDora] is var loraKeys
            && loraKeys.FirstOrDefault(key => !Equals(_values.GetValueOrDefault(key.Name, key.Default), key.Default)) is { } idle)
        {
            throw new SmvlException($"{idle.Name} is given without lora_r", Origin(idle), "lora_r >= 1", "null", "give lora_r, the adapters' rank");
        }

        if (EvalRows == 0 && (EvalStrategy != IntervalStrategy.No || EvalOnStart))
        {
            throw new SmvlException(
                "there is nothing to evaluate on", Origin(TrainingKeys.EvalRows), "eval_rows >= 1", "0", "set eval_strategy to no or hold out some rows");
        }

        if (MaxTokensPerBatch < MaxLength)
        {
            throw new SmvlException(
                "a sample of max_length would not fit into a batch", Origin(TrainingKeys.MaxTokensPerBatch), $"at least max_length, {MaxLength}", $"{MaxTokensPerBatch}", "raise it or lower max_length");
        }

        _ = Datasets;
        CheckBestModel();

        // fails here rather than after the data is read
        _ = LearningRateSchedule.Create(this, warmupSteps: 0, maxSteps: 1);
    }

    private void CheckBestModel()
    {
        TrainingKey? asks = SaveStrategy == SaveStrategy.Best ? TrainingKeys.SaveStrategy
            : LoadBestModelAtEnd ? TrainingKeys.LoadBestModelAtEnd
            : EarlyStoppingPatience is not null ? TrainingKeys.EarlyStoppingPatience
            : MetricForBestModel is not null ? TrainingKeys.MetricForBestModel
            : null;
        if (asks is not null && EvalStrategy == IntervalStrategy.No)
        {
            throw new SmvlException("no evaluation says which model is the best", Origin(asks), "eval_strategy steps or epoch", "no", $"set eval_strategy, or leave out {asks.Name}");
        }

        if (EarlyStoppingThreshold > 0 && EarlyStoppingPatience is null)
        {
            throw new SmvlException(
                "early_stopping_threshold has nothing to act on", Origin(TrainingKeys.EarlyStoppingThreshold), "early_stopping_patience beside it", "none", "set it, or leave the threshold out");
        }

        if (LoadBestModelAtEnd && SaveStrategy != SaveStrategy.Best)
        {
            CheckEverySaveEvaluated();
        }
    }

    // as transformers asks for: a checkpoint without an evaluation could not be the best
    private void CheckEverySaveEvaluated()
    {
        bool sameStrategy = SaveStrategy.ToString() == EvalStrategy.ToString();
        double save = SaveSteps, eval = EvalSteps ?? 1, times = save / eval;
        bool falls = SaveStrategy != SaveStrategy.Steps || ((save < 1) == (eval < 1) && Math.Abs(times - Math.Round(times)) < 1e-9);
        if (!sameStrategy || !falls)
        {
            throw new SmvlException(
                "load_best_model_at_end needs an evaluation at every checkpoint",
                Origin(TrainingKeys.LoadBestModelAtEnd),
                sameStrategy ? "save_steps a multiple of eval_steps" : "save_strategy as eval_strategy, or best",
                sameStrategy ? $"save_steps {FloatText.Of(save)}, eval_steps {FloatText.Of(eval)}"
                    : $"save_strategy {ConfigText.Of(TrainingKeys.SaveStrategy.Plain(SaveStrategy))}, eval_strategy {ConfigText.Of(TrainingKeys.EvalStrategy.Plain(EvalStrategy))}",
                "change one of them");
        }
    }

    private IEnumerable<(string Name, object? Value)> PlainValues() =>
        from key in TrainingKeys.All
        where key.Role == KeyRole.Used || (key.Role == KeyRole.Inert && _values.ContainsKey(key.Name))
        select (key.Name, key.Plain(_values.GetValueOrDefault(key.Name, key.Default)));
}
