using Smvl.Data;
using Smvl.Hubs;
using Smvl.Tensors;
using Smvl.Text;
using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>
/// Every key of a training configuration, once. The YAML and command line readers, the suggestions for mistyped names, <c>--help</c>,
/// the saved configuration and the table in docs/training.md are derived from this list. Names, meanings and defaults are those of
/// transformers' TrainingArguments (5.12.1, training_args.py) unless the line says otherwise; keys without an effect here are in
/// <see cref="OtherKeys"/>.
/// </summary>
internal static class TrainingKeys
{
    private static readonly List<TrainingKey> Used = [];

    // Model and data: keys of our own
    public static readonly TrainingKey<string?> Model = Add(new TrainingKey<string?>("model", KeyTypes.Path, null, "spliced checkpoint folder, or a hub's name of one; null: splice model/SmolVLM2-256M-Video-Instruct and model/Qwen3-0.6B"));
    public static readonly TrainingKey<IReadOnlyList<string>> TrainData = Add(new TrainingKey<IReadOnlyList<string>>("train_data", KeyTypes.Names, ["cocoqa"], "subsets of data_dir, as a,b or a list; all: the usual 21; or paths; NAME:LIMIT#TURNS*REPEAT@WEIGHT mixes them, see datasets.md"));
    public static readonly TrainingKey<string> DataDir = Add(new TrainingKey<string>("data_dir", KeyTypes.Path!, HubResource.DataFolder, "folder of the subsets"));
    public static readonly TrainingKey<string?> ImageFolder = Add(new TrainingKey<string?>("image_folder", KeyTypes.Path, null, "folder that the pictures' paths in JSON datasets start from; null, or for those it lacks: the JSON file's folder"));
    public static readonly TrainingKey<FreezePolicy> Freeze = Add(new TrainingKey<FreezePolicy>("freeze", KeyTypes.Choice(("connector", FreezePolicy.Connector), ("connector+vision", FreezePolicy.ConnectorAndVision), ("full", FreezePolicy.Full)), FreezePolicy.Connector, "what is trained; the rest is frozen"));
    public static readonly TrainingKey<IReadOnlyList<string>?> FreezeParameters = Add(new TrainingKey<IReadOnlyList<string>?>("freeze_parameters", KeyTypes.Names!, null, "patterns of tensor names that stay frozen, whatever freeze says; see Freezing"));
    public static readonly TrainingKey<IReadOnlyList<string>?> TrainableParameters = Add(new TrainingKey<IReadOnlyList<string>?>("trainable_parameters", KeyTypes.Names!, null, "patterns of tensor names that are trained, whatever freeze and freeze_parameters say"));
    public static readonly TrainingKey<int?> LoraR = Add(new TrainingKey<int?>("lora_r", KeyTypes.OptionalInteger, null, "rank of LoRA adapters beside frozen linear layers; null: none; see LoRA") { Constraint = (">= 1", value => value >= 1) });
    public static readonly TrainingKey<double?> LoraAlpha = Add(new TrainingKey<double?>("lora_alpha", KeyTypes.OptionalNumber, null, "an adapter's update is scaled by lora_alpha / lora_r; null: twice lora_r") { Constraint = ("> 0", value => value > 0) });
    public static readonly TrainingKey<double> LoraDropout = Add(new TrainingKey<double>("lora_dropout", KeyTypes.Number, 0, "share of the adapters' inputs left out in training") { Constraint = (">= 0 and < 1", value => value is >= 0 and < 1) });
    public static readonly TrainingKey<IReadOnlyList<string>?> LoraTargetModules = Add(new TrainingKey<IReadOnlyList<string>?>("lora_target_modules", KeyTypes.Names!, null, "layers with an adapter: ends of their names, or patterns; all-linear: every linear layer of text decoder and tower; null: of the text decoder"));
    public static readonly TrainingKey<bool> UseDora = Add(new TrainingKey<bool>("use_dora", KeyTypes.Flag, false, "adapters are DoRA's: the lengths of the adapted weights' rows are trained beside their directions; see LoRA"));
    public static readonly TrainingKey<int> Turns = Add(new TrainingKey<int>("turns", KeyTypes.Turns, SampleRules.AllTurns, "the first so many turns of a row are trained on"));
    public static readonly TrainingKey<int> MaxImages = Add(AtLeast("max_images", 0, 4, "the first so many pictures of a row are shown to the model; the others are left out and counted"));
    public static readonly TrainingKey<LossOn> LossOn = Add(new TrainingKey<LossOn>("loss_on", KeyTypes.Choice(("all", Data.LossOn.All), ("answer", Data.LossOn.Answer)), Data.LossOn.Answer, "all: questions too; answer: only what the assistant says, from its empty think block to the token that ends it"));
    public static readonly TrainingKey<ImageLayout?> ImageLayout = Add(new TrainingKey<ImageLayout?>("image_layout", KeyTypes.Layout, null, "what stands around image rows, chosen when a model is spliced; null: as the model's folder says, and tokens for a model that the run splices itself"));
    public static readonly TrainingKey<bool?> DoImageSplitting = Add(new TrainingKey<bool?>("do_image_splitting", KeyTypes.OptionalFlag, null, "cut pictures into tiles, or give the whole picture as one tile only; the trained model does the same; null: as the model's folder says"));
    public static readonly TrainingKey<int?> MaxTiles = Add(new TrainingKey<int?>("max_tiles", KeyTypes.OptionalInteger, null, "most tiles of a picture, the overview with them, in training; null: as many as the model's settings make") { Constraint = (">= 1", value => value is null or >= 1) });
    public static readonly TrainingKey<int> MaxLength = Add(AtLeast("max_length", 1, 2048, "tokens per sample; text behind the pictures is cut there and counted"));
    public static readonly TrainingKey<int> EvalRows = Add(AtLeast("eval_rows", 0, Split.DefaultEvalRows, "rows held out for evaluation, at most a tenth of the data"));
    public static readonly TrainingKey<bool> SkipBadRows = Add(Flag("skip_bad_rows", false, "skip and count rows that cannot be read, instead of stopping"));
    public static readonly TrainingKey<string?> VisionCache = Add(new TrainingKey<string?>("vision_cache", KeyTypes.Path, null, "folder that keeps what a frozen vision tower makes of each tile, for later epochs and runs; null: none"));
    public static readonly TrainingKey<long> VisionCacheLimit = Add(new TrainingKey<long>("vision_cache_limit", KeyTypes.Size, 20_000_000_000, "size of that folder from which nothing is added"));

    // Stages
    public static readonly TrainingKey<IReadOnlyList<StageKeys>?> Stages = Add(new TrainingKey<IReadOnlyList<StageKeys>?>("stages", KeyTypes.Stages, null, "runs one behind the other, each with its own values of any key; see Stages"));
    public static readonly TrainingKey<string?> ResumeFromStage = Add(new TrainingKey<string?>("resume_from_stage", KeyTypes.Text, null, "name or number of a finished stage: its model is taken and the stages behind it run; those before need not be there"));
    public static readonly TrainingKey<OriginalStage?> TrainingStage = Add(new TrainingKey<OriginalStage?>("training_stage", KeyTypes.OptionalChoice(("stage1", OriginalStage.Stage1), ("stage2", OriginalStage.Stage2), ("stage3", OriginalStage.Stage3), ("all", OriginalStage.All)), null, "the original scripts' way to write stages: connector, connector+vision, full, or all three"));
    public static readonly TrainingKey<double> Stage1Epochs = Add(StageEpochs("stage1_epochs"));
    public static readonly TrainingKey<double> Stage2Epochs = Add(StageEpochs("stage2_epochs"));
    public static readonly TrainingKey<double> Stage3Epochs = Add(StageEpochs("stage3_epochs"));
    public static readonly TrainingKey<double> Stage1Rate = Add(NonNegative("stage1_lr", 1e-4, "learning_rate of that stage of training_stage"));
    public static readonly TrainingKey<double> Stage2Rate = Add(NonNegative("stage2_lr", 5e-5, "learning_rate of that stage of training_stage"));
    public static readonly TrainingKey<double> Stage3Rate = Add(NonNegative("stage3_lr", 1e-5, "learning_rate of that stage of training_stage"));

    // Output
    public static readonly TrainingKey<string> OutputDir = Add(new TrainingKey<string>("output_dir", KeyTypes.Path!, "trainer_output", "folder for checkpoints, the log and the trained model"));
    public static readonly TrainingKey<bool> OverwriteOutputDir = Add(Flag("overwrite_output_dir", false, "false: continue from the last checkpoint in output_dir; true: remove the earlier run's checkpoints and log first (transformers 4)"));
    public static readonly TrainingKey<string?> ResumeFromCheckpoint = Add(new TrainingKey<string?>("resume_from_checkpoint", KeyTypes.Path, null, "checkpoint folder to continue from, or true: there must be one in output_dir")
    {
        Constraint = ("true or a checkpoint folder", path => path?.ToLowerInvariant() is not ("false" or "no")),
    });

    public static readonly TrainingKey<string?> RunName = Add(new TrainingKey<string?>("run_name", KeyTypes.Text, null, "name of the run in logs; null: the name of output_dir"));
    public static readonly TrainingKey<IReadOnlyList<string>> ReportTo = Add(new TrainingKey<IReadOnlyList<string>>("report_to", KeyTypes.Names, [TrackerSet.SwanLab], "where the run is logged besides output_dir/log.jsonl: swanlab, tensorboard, both, all, jsonl (nowhere else), or none; see tracking.md")
    {
        Constraint = ("swanlab, tensorboard, jsonl, all, or none alone", TrackerSet.Knows),
    });
    public static readonly TrainingKey<string?> LoggingDir = Add(new TrainingKey<string?>("logging_dir", KeyTypes.Path, null, "folder of TensorBoard's files; null: TENSORBOARD_LOGGING_DIR, else output_dir/runs/DATE_HOST"));
    public static readonly TrainingKey<string?> SampleImage = Add(new TrainingKey<string?>("sample_image", KeyTypes.Path, null, "picture for the sample answer after training; null: the one in samples/"));
    public static readonly TrainingKey<string> SampleQuestion = Add(new TrainingKey<string>("sample_question", KeyTypes.Text!, "图中有什么动物？", "question for the sample answer after training"));

    // Where
    public static readonly TrainingKey<DeviceChoice?> Device = Add(new TrainingKey<DeviceChoice?>("device", KeyTypes.Device, null, "where to compute: auto is a real GPU where there is one, else the CPU; gpu:N is the N-th of smvl devices; null: SMVL_DEVICE, else auto; see gpu.md"));

    // Length and batches
    public static readonly TrainingKey<double> NumTrainEpochs = Add(new TrainingKey<double>("num_train_epochs", KeyTypes.Number, 3.0, "passes over the data, fractions allowed; max_steps overrides it") { Constraint = ("> 0", value => value > 0) });
    public static readonly TrainingKey<int> MaxSteps = Add(new TrainingKey<int>("max_steps", KeyTypes.Integer, -1, "optimizer steps; -1: as num_train_epochs says") { Constraint = (">= 1, or -1", value => value is >= 1 or -1) });
    public static readonly TrainingKey<int> PerDeviceTrainBatchSize = Add(AtLeast("per_device_train_batch_size", 1, 8, "samples per micro-batch"));
    public static readonly TrainingKey<int?> MaxTokensPerBatch = Add(new TrainingKey<int?>("max_tokens_per_batch", KeyTypes.OptionalInteger, null, "a micro-batch takes samples until it holds so many tokens, at least max_length; null: per_device_train_batch_size samples") { Constraint = (">= 1", value => value >= 1) });
    public static readonly TrainingKey<int> PerDeviceEvalBatchSize = Add(AtLeast("per_device_eval_batch_size", 1, 8, "samples per batch of an evaluation"));
    public static readonly TrainingKey<int> GradientAccumulationSteps = Add(AtLeast("gradient_accumulation_steps", 1, 1, "micro-batches per optimizer step; the loss is the token mean over all of them"));
    public static readonly TrainingKey<bool> DataloaderDropLast = Add(Flag("dataloader_drop_last", false, "leave out an epoch's last micro-batch when it is not full"));
    public static readonly TrainingKey<SamplingStrategy> TrainSamplingStrategy = Add(new TrainingKey<SamplingStrategy>("train_sampling_strategy", KeyTypes.Choice(("random", SamplingStrategy.Random), ("sequential", SamplingStrategy.Sequential)) with
    {
        Refused = new Dictionary<string, string> { ["group_by_length"] = "sequences are not padded here, so that grouping them by length gains nothing" },
    }, SamplingStrategy.Random, "order of the samples"));
    public static readonly TrainingKey<int> Seed = Add(AtLeast("seed", 0, 42, "seed of the run"));
    public static readonly TrainingKey<int?> DataSeed = Add(new TrainingKey<int?>("data_seed", KeyTypes.OptionalInteger, null, "seed of the held-out split and of the samples' order; null: seed") { Constraint = (">= 0", value => value >= 0) });

    // Optimizer
    public static readonly TrainingKey<double> LearningRate = Add(NonNegative("learning_rate", 5e-5, "highest learning rate"));
    public static readonly TrainingKey<double?> LearningRateConnector = Add(PartRate("learning_rate_connector", "the connector"));
    public static readonly TrainingKey<double?> LearningRateVision = Add(PartRate("learning_rate_vision", "the vision tower"));
    public static readonly TrainingKey<double?> LearningRateText = Add(PartRate("learning_rate_text", "the text decoder and its head"));
    public static readonly TrainingKey<ScheduleType> LrSchedulerType = Add(new TrainingKey<ScheduleType>("lr_scheduler_type", Schedules(), ScheduleType.Linear, "course of the learning rate"));
    public static readonly TrainingKey<IReadOnlyDictionary<string, object>> LrSchedulerKwargs = Add(new TrainingKey<IReadOnlyDictionary<string, object>>("lr_scheduler_kwargs", KeyTypes.Map, new SortedDictionary<string, object>(), "options of the schedule, e.g. {num_cycles: 0.5}"));
    public static readonly TrainingKey<double> WarmupSteps = Add(new TrainingKey<double>("warmup_steps", KeyTypes.Number, 0, "optimizer steps of linear warmup; below 1: a share of all steps") { Constraint = (">= 0, whole from 1 on", value => value >= 0 && IsShareOrWhole(value)) });
    public static readonly TrainingKey<double?> WarmupRatio = Add(new TrainingKey<double?>("warmup_ratio", KeyTypes.OptionalNumber, null, "older name of a warmup_steps below 1") { Constraint = (">= 0 and < 1", value => value is >= 0 and < 1) });
    public static readonly TrainingKey<OptimizerName> Optim = Add(new TrainingKey<OptimizerName>("optim", Optimizers(), OptimizerName.AdamwTorch, "how weights are updated; see Optimizers"));
    public static readonly TrainingKey<double> WeightDecay = Add(NonNegative("weight_decay", 0, "decoupled weight decay; not for biases and norms"));
    public static readonly TrainingKey<double> AdamBeta1 = Add(Beta("adam_beta1", 0.9, "decay of the gradient's running mean"));
    public static readonly TrainingKey<double> AdamBeta2 = Add(Beta("adam_beta2", 0.999, "decay of the squared gradient's running mean"));
    public static readonly TrainingKey<double> AdamEpsilon = Add(NonNegative("adam_epsilon", 1e-8, "added to the denominator of an update"));
    public static readonly TrainingKey<double> MaxGradNorm = Add(NonNegative("max_grad_norm", 1.0, "gradients are scaled down to this global norm; 0: not at all"));
    public static readonly TrainingKey<double?> NeftuneNoiseAlpha = Add(new TrainingKey<double?>("neftune_noise_alpha", KeyTypes.OptionalNumber, null, "while training, each element of a token's embedding moves by chance by at most this / sqrt(tokens of the sample x width); null: not at all") { Constraint = ("> 0", value => value > 0) });
    public static readonly TrainingKey<bool> Bf16 = Add(Flag("bf16", false, "store frozen weights in bf16; arithmetic and trained weights are float32 either way"));
    public static readonly TrainingKey<bool> GradientCheckpointing = Add(Flag("gradient_checkpointing", false, "compute activations twice instead of keeping them"));
    public static readonly TrainingKey<double> LabelSmoothingFactor = Add(new TrainingKey<double>("label_smoothing_factor", KeyTypes.Number, 0, "share of each target that is spread over all tokens; in evaluations too") { Constraint = (">= 0 and < 1", value => value is >= 0 and < 1) });
    public static readonly TrainingKey<double> ZLossMultiplier = Add(NonNegative("z_loss_multiplier", 0, "times the squared log of the softmax's sum, added to the training loss: keeps logits small; 1e-4 is usual"));
    public static readonly TrainingKey<bool> UseEma = Add(Flag("use_ema", false, "evaluate and save a moving average of the trained weights"));
    public static readonly TrainingKey<double> EmaDecay = Add(Beta("ema_decay", 0.999, "what the average keeps of itself in an update; less in the first ones"));
    public static readonly TrainingKey<double> LossSpikeThreshold = Add(NonNegative("loss_spike_threshold", 6, "a step's loss so many standard deviations above those before it is reported with its rows; 0: none is"));

    // Logging, evaluation, saving
    public static readonly TrainingKey<IntervalStrategy> LoggingStrategy = Add(Strategy("logging_strategy", IntervalStrategy.Steps, "when to log the training loss"));
    public static readonly TrainingKey<double> LoggingSteps = Add(StepsOrShare("logging_steps", 500, "optimizer steps between logs; below 1: a share of all steps"));
    public static readonly TrainingKey<bool> LoggingFirstStep = Add(Flag("logging_first_step", false, "log the first step too"));
    public static readonly TrainingKey<IntervalStrategy> EvalStrategy = Add(Strategy("eval_strategy", IntervalStrategy.No, "when to evaluate; with steps also after the last one"));
    public static readonly TrainingKey<IntervalStrategy> EvaluationStrategy = Add(Strategy("evaluation_strategy", IntervalStrategy.No, "older name of eval_strategy", KeyRole.Alias, EvalStrategy.Name));
    public static readonly TrainingKey<double?> EvalSteps = Add(new TrainingKey<double?>("eval_steps", KeyTypes.OptionalNumber, null, "optimizer steps between evaluations; below 1: a share of all steps; null: logging_steps") { Constraint = ("> 0, whole from 1 on", value => value > 0 && IsShareOrWhole(value.Value)) });
    public static readonly TrainingKey<bool> VisualGain = Add(Flag("visual_gain", true, "evaluate some rows again with the pictures shuffled among them, and log how much the loss rises as eval_visual_gain"));
    public static readonly TrainingKey<int> VisualGainRows = Add(AtLeast("visual_gain_rows", 2, 16, "held-out rows that visual_gain evaluates again, at most"));
    public static readonly TrainingKey<double> EvalDelay = Add(NonNegative("eval_delay", 0, "steps (or epochs, as eval_strategy says) before the first evaluation"));
    public static readonly TrainingKey<bool> EvalOnStart = Add(Flag("eval_on_start", false, "evaluate before the first step too"));
    public static readonly TrainingKey<SaveStrategy> SaveStrategy = Add(new TrainingKey<SaveStrategy>("save_strategy", KeyTypes.Choice(("no", Training.SaveStrategy.No), ("steps", Training.SaveStrategy.Steps), ("epoch", Training.SaveStrategy.Epoch), ("best", Training.SaveStrategy.Best)), Training.SaveStrategy.Steps, "when to write a checkpoint; with steps also after the last one; best: after each evaluation that is the best so far"));
    public static readonly TrainingKey<double> SaveSteps = Add(StepsOrShare("save_steps", 500, "optimizer steps between checkpoints; below 1: a share of all steps"));
    public static readonly TrainingKey<int?> SaveTotalLimit = Add(new TrainingKey<int?>("save_total_limit", KeyTypes.OptionalInteger, null, "checkpoints to keep, the newest ones and the best; null: all") { Constraint = (">= 1", value => value >= 1) });
    public static readonly TrainingKey<bool> SaveOnlyModel = Add(Flag("save_only_model", false, "checkpoints without training state: smaller, but a run cannot continue from them"));
    public static readonly TrainingKey<bool> LoadBestModelAtEnd = Add(Flag("load_best_model_at_end", false, "the trained model is the checkpoint whose evaluation was best"));
    public static readonly TrainingKey<string?> MetricForBestModel = Add(new TrainingKey<string?>("metric_for_best_model", KeyTypes.Text, null, "what evaluations are compared by: loss, or another eval_ metric of the log; null: loss"));
    public static readonly TrainingKey<bool?> GreaterIsBetter = Add(new TrainingKey<bool?>("greater_is_better", KeyTypes.OptionalFlag, null, "null: true for a metric whose name does not end in loss"));
    public static readonly TrainingKey<int?> EarlyStoppingPatience = Add(new TrainingKey<int?>("early_stopping_patience", KeyTypes.OptionalInteger, null, "evaluations in a row without a better one that end the run; null: none do") { Constraint = (">= 1", value => value >= 1) });
    public static readonly TrainingKey<double> EarlyStoppingThreshold = Add(NonNegative("early_stopping_threshold", 0, "a better evaluation counts from this difference on"));
    public static readonly TrainingKey<bool> IgnoreDataSkip = Add(Flag("ignore_data_skip", false, "a resumed epoch starts over at its first sample instead of where it stopped"));

    private static readonly Dictionary<string, TrainingKey> ByName =
        Used.Concat(OtherKeys.All).ToDictionary(key => key.Name, StringComparer.Ordinal);

    /// <summary>All keys, the used ones first, in the order of the documentation.</summary>
    public static IReadOnlyList<TrainingKey> All { get; } = [.. Used, .. OtherKeys.All];

    /// <exception cref="SmvlException">no such key; it names the nearest one</exception>
    public static TrainingKey Find(string name, string where)
    {
        if (ByName.TryGetValue(name, out TrainingKey? key))
        {
            return key;
        }

        throw new SmvlException($"unknown key {name}", where, hint: $"did you mean {NearestNames.Of(name, ByName.Keys).First()}? `smvl train --help` lists every key");
    }

    private static TrainingKey<T> Add<T>(TrainingKey<T> key)
    {
        Used.Add(key);
        return key;
    }

    private static TrainingKey<bool> Flag(string name, bool value, string doc) => new(name, KeyTypes.Flag, value, doc);

    private static TrainingKey<int> AtLeast(string name, int least, int value, string doc) =>
        new(name, KeyTypes.Integer, value, doc) { Constraint = ($">= {least}", number => number >= least) };

    private static TrainingKey<double> NonNegative(string name, double value, string doc) =>
        new(name, KeyTypes.Number, value, doc) { Constraint = (">= 0", number => number >= 0) };

    private static TrainingKey<double> StageEpochs(string name) =>
        new(name, KeyTypes.Number, 1, "num_train_epochs of that stage of training_stage") { Constraint = ("> 0", value => value > 0) };

    private static TrainingKey<double?> PartRate(string name, string part) =>
        new(name, KeyTypes.OptionalNumber, null, $"the same of {part}; null: learning_rate") { Constraint = (">= 0", number => number >= 0) };

    private static TrainingKey<double> Beta(string name, double value, string doc) =>
        new(name, KeyTypes.Number, value, doc) { Constraint = (">= 0 and < 1", number => number is >= 0 and < 1) };

    private static TrainingKey<double> StepsOrShare(string name, double value, string doc) =>
        new(name, KeyTypes.Number, value, doc) { Constraint = ("> 0, whole from 1 on", number => number > 0 && IsShareOrWhole(number)) };

    private static TrainingKey<IntervalStrategy> Strategy(
        string name, IntervalStrategy value, string doc, KeyRole role = KeyRole.Used, string? canonicalName = null) =>
        new(name, Strategies(), value, doc) { Role = role, CanonicalName = canonicalName ?? name };

    private static KeyType<IntervalStrategy> Strategies() =>
        KeyTypes.Choice(("no", IntervalStrategy.No), ("steps", IntervalStrategy.Steps), ("epoch", IntervalStrategy.Epoch));

    private static KeyType<OptimizerName> Optimizers() =>
        KeyTypes.Choice(
            ("adamw_torch", OptimizerName.AdamwTorch), ("adamw_torch_fused", OptimizerName.AdamwTorchFused), ("adamw_bnb_8bit", OptimizerName.AdamwBnb8bit),
            ("adamw_8bit", OptimizerName.Adamw8bit), ("lion_32bit", OptimizerName.Lion32bit), ("muon", OptimizerName.Muon)) with
        {
            Refused = new Dictionary<string, string>
            {
                ["lion_8bit"] = "Lion's one state is half of AdamW's already; use lion_32bit, or adamw_8bit for the least memory",
                ["paged_adamw_8bit"] = "there is no GPU memory to page out of; use adamw_8bit",
                ["paged_adamw_32bit"] = "there is no GPU memory to page out of; use adamw_torch",
                ["paged_lion_32bit"] = "there is no GPU memory to page out of; use lion_32bit",
            },
        };

    private static KeyType<ScheduleType> Schedules() =>
        KeyTypes.Choice(
            ("linear", ScheduleType.Linear), ("cosine", ScheduleType.Cosine), ("cosine_with_restarts", ScheduleType.CosineWithRestarts),
            ("polynomial", ScheduleType.Polynomial), ("constant", ScheduleType.Constant), ("constant_with_warmup", ScheduleType.ConstantWithWarmup),
            ("inverse_sqrt", ScheduleType.InverseSqrt), ("cosine_with_min_lr", ScheduleType.CosineWithMinLr),
            ("cosine_warmup_with_min_lr", ScheduleType.CosineWarmupWithMinLr), ("warmup_stable_decay", ScheduleType.WarmupStableDecay)) with
        {
            Refused = new Dictionary<string, string>
            {
                ["reduce_lr_on_plateau"] = "it follows the evaluation loss, and the schedules here are functions of the step alone",
                ["greedy"] = "it follows the evaluation loss, and the schedules here are functions of the step alone",
            },
        };

    // 0.125 is a share of all steps, 25 a number of steps; 2.5 is neither
    private static bool IsShareOrWhole(double value) => value < 1 || (value == Math.Floor(value) && value <= int.MaxValue);
}
