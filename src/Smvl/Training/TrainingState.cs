using System.Text.Json;

namespace Smvl.Training;

/// <summary>
/// <c>training_state.json</c>: what a run needs, beside the weights, the optimizer's moments and <see cref="TrainerState"/>, to continue
/// bit for bit. Numbers are written with all their digits.
/// </summary>
internal sealed record TrainingState
{
    public const string FileName = "training_state.json";

    private const int Version = 1;

    /// <summary>Optimizer steps done.</summary>
    public required int GlobalStep { get; init; }

    /// <summary>The epoch of the next update, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Micro-batches of that epoch already trained on.</summary>
    public required int BatchesConsumed { get; init; }

    public required int Seed { get; init; }

    public required int DataSeed { get; init; }

    /// <summary>Which datasets an epoch's samples come from, and how many of each.</summary>
    public required string Mixture { get; init; }

    /// <summary>Samples of an epoch; with the next three it fixes which samples an update sees.</summary>
    public required int Rows { get; init; }

    public required int BatchSize { get; init; }

    public required int Accumulation { get; init; }

    /// <summary>Null: batches were of <see cref="BatchSize"/> samples.</summary>
    public required int? MaxTokensPerBatch { get; init; }

    /// <summary>The freeze policy with its patterns: which weights and moments the checkpoint holds.</summary>
    public required string Freeze { get; init; }

    /// <summary>Sum of the losses of the updates since the last log.</summary>
    public required double LossSinceLog { get; init; }

    /// <summary>The step of that log; 0 before the first one.</summary>
    public required int LastLoggedStep { get; init; }

    /// <summary>Sum of the losses of all updates up to the last log.</summary>
    public required double TotalLoss { get; init; }

    /// <summary>Tokens trained on, image rows included.</summary>
    public required long TokensSeen { get; init; }

    /// <summary>Writes <see cref="FileName"/> into the folder.</summary>
    public void Write(string folder)
    {
        using FileStream stream = File.Create(Path.Combine(folder, FileName));
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteNumber("global_step", GlobalStep);
            writer.WriteNumber("epoch", Epoch);
            writer.WriteNumber("batches_consumed", BatchesConsumed);
            writer.WriteNumber("seed", Seed);
            writer.WriteNumber("data_seed", DataSeed);
            writer.WriteString("mixture", Mixture);
            writer.WriteNumber("rows", Rows);
            writer.WriteNumber("batch_size", BatchSize);
            writer.WriteNumber("gradient_accumulation_steps", Accumulation);
            writer.WriteNumber("max_tokens_per_batch", MaxTokensPerBatch ?? 0);
            writer.WriteString("freeze", Freeze);
            writer.WriteNumber("loss_since_log", LossSinceLog);
            writer.WriteNumber("last_logged_step", LastLoggedStep);
            writer.WriteNumber("total_loss", TotalLoss);
            writer.WriteNumber("tokens_seen", TokensSeen);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    /// <summary>Reads <see cref="FileName"/> from a checkpoint folder.</summary>
    /// <exception cref="SmvlException">missing (a checkpoint of save_only_model, or another program's), damaged, or of another version</exception>
    public static TrainingState Read(string folder)
    {
        var fields = new JsonFields(
            Path.Combine(folder, FileName), "a run continues only from a checkpoint with its whole training state: start a new one in another output_dir");
        if (fields.Integer("version") is not Version and int version)
        {
            throw fields.Fail("the file has another version", $"{Version}", $"{version}");
        }

        var state = new TrainingState
        {
            GlobalStep = fields.Integer("global_step"),
            Epoch = fields.Integer("epoch"),
            BatchesConsumed = fields.Integer("batches_consumed"),
            Seed = fields.Integer("seed"),
            DataSeed = fields.Integer("data_seed"),
            Mixture = fields.Text("mixture"),
            Rows = fields.Integer("rows"),
            BatchSize = fields.Integer("batch_size"),
            Accumulation = fields.Integer("gradient_accumulation_steps"),
            MaxTokensPerBatch = fields.Integer("max_tokens_per_batch") is > 0 and int tokens ? tokens : null,
            Freeze = fields.Text("freeze"),
            LossSinceLog = fields.Number("loss_since_log"),
            LastLoggedStep = fields.Integer("last_logged_step"),
            TotalLoss = fields.Number("total_loss"),
            TokensSeen = fields.Long("tokens_seen"),
        };
        fields.Finish();
        return state;
    }

    /// <summary>
    /// A run may continue with another length, learning rate or interval, but not with another order of samples or other trained
    /// weights: those would be another run's.
    /// </summary>
    /// <exception cref="SmvlException">a key differs from the checkpoint's</exception>
    public void CheckContinues(TrainingArguments arguments, TrainingSteps steps, string mixture, string folder)
    {
        Check("seed", Seed, arguments.Seed);
        Check("data_seed", DataSeed, arguments.DataSeed);
        Check("freeze", Freeze, FreezeRules.Describe(arguments));
        Check("max_tokens_per_batch", ConfigText.Of(MaxTokensPerBatch), ConfigText.Of(arguments.MaxTokensPerBatch));
        Check("per_device_train_batch_size", BatchSize, MaxTokensPerBatch is null ? steps.BatchSize : BatchSize);
        Check("gradient_accumulation_steps", Accumulation, steps.Accumulation);
        Check("the number of training rows", Rows, steps.Rows);
        Check("train_data", Mixture, mixture);

        void Check<T>(string name, T expected, T actual)
        {
            if (!Equals(expected, actual))
            {
                throw new SmvlException(
                    $"{name} differs from the checkpoint's", folder, $"{expected}", $"{actual}", "continue with the same value, or start a new run in another output_dir");
            }
        }
    }
}
