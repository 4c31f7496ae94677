using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>
/// <c>trainer_state.json</c>: the state of a run as transformers' Trainer writes it beside each checkpoint (5.12.1, trainer_callback.py,
/// TrainerState): all its fields, keys sorted, indented by two, a newline at the end. <c>TrainerState.load_from_json</c> reads it, and
/// this reads what that writes. What an exact continuation needs besides is in <see cref="TrainingState"/>.
/// </summary>
internal sealed record TrainerState
{
    public const string FileName = "trainer_state.json";

    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Optimizer steps done.</summary>
    public required int GlobalStep { get; init; }

    /// <summary>Epochs done, with the share of the current one.</summary>
    public required double Epoch { get; init; }

    /// <summary>Optimizer steps of the run.</summary>
    public required int MaxSteps { get; init; }

    /// <summary>Epochs of the run, the last one possibly cut.</summary>
    public required int NumTrainEpochs { get; init; }

    public required int LoggingSteps { get; init; }

    public required int EvalSteps { get; init; }

    public required int SaveSteps { get; init; }

    public required int? TrainBatchSize { get; init; }

    /// <summary>Everything logged so far.</summary>
    public required IReadOnlyList<LogEntry> LogHistory { get; init; }

    /// <summary>Floating point operations so far, an estimate; 0 where none is made.</summary>
    public double TotalFlos { get; init; }

    public long NumInputTokensSeen { get; init; }

    public double? BestMetric { get; init; }

    public int? BestGlobalStep { get; init; }

    public string? BestModelCheckpoint { get; init; }

    /// <summary>The run's last checkpoint; it says so in the file (<c>should_training_stop</c>).</summary>
    public bool ShouldTrainingStop { get; init; }

    /// <summary>The state after <paramref name="step"/> optimizer steps.</summary>
    public static TrainerState After(TrainingSteps steps, int step, IReadOnlyList<LogEntry> logHistory) => new()
    {
        GlobalStep = step,
        Epoch = steps.Epoch(step),
        MaxSteps = steps.MaxSteps,
        NumTrainEpochs = steps.Epochs,
        LoggingSteps = steps.LoggingSteps,
        EvalSteps = steps.EvalSteps,
        SaveSteps = steps.SaveSteps,
        TrainBatchSize = steps.BatchSize,
        LogHistory = logHistory,
        ShouldTrainingStop = step >= steps.MaxSteps,
    };

    /// <summary>Writes <see cref="FileName"/> into the folder.</summary>
    public void Write(string folder)
    {
        using FileStream stream = File.Create(Path.Combine(folder, FileName));
        using (var writer = new Utf8JsonWriter(stream, Options))
        {
            Write(writer);
        }

        stream.WriteByte((byte)'\n');
    }

    /// <summary>Reads <see cref="FileName"/> from a checkpoint folder.</summary>
    /// <exception cref="SmvlException">missing, or not exactly the Trainer's fields</exception>
    public static TrainerState Read(string folder)
    {
        var fields = new JsonFields(Path.Combine(folder, FileName), "the checkpoint is damaged: remove its folder to continue from the one before");
        var state = new TrainerState
        {
            BestGlobalStep = fields.OptionalInteger("best_global_step"),
            BestMetric = fields.OptionalNumber("best_metric"),
            BestModelCheckpoint = fields.OptionalText("best_model_checkpoint"),
            Epoch = fields.Number("epoch"),
            EvalSteps = Steps(fields, "eval_steps"),
            GlobalStep = fields.Integer("global_step"),
            LogHistory = [.. fields.List("log_history").Select(entry => ReadEntry(entry, fields))],
            LoggingSteps = Steps(fields, "logging_steps"),
            MaxSteps = fields.Integer("max_steps"),
            NumInputTokensSeen = fields.Long("num_input_tokens_seen"),
            NumTrainEpochs = fields.Integer("num_train_epochs"),
            SaveSteps = Steps(fields, "save_steps"),
            TotalFlos = fields.Number("total_flos"),
            TrainBatchSize = fields.OptionalInteger("train_batch_size"),
        };

        // fixed for one process without hyperparameter search; the callbacks' flags are decided anew after each step
        foreach (string name in (string[])["is_hyper_param_search", "is_local_process_zero", "is_world_process_zero", "stateful_callbacks", "trial_name", "trial_params"])
        {
            fields.Ignore(name);
        }

        fields.Finish();
        return state;
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteOptional(writer, "best_global_step", BestGlobalStep);
        WriteFloat(writer, "best_metric", BestMetric);
        writer.WriteString("best_model_checkpoint", BestModelCheckpoint);
        WriteFloat(writer, "epoch", Epoch);
        writer.WriteNumber("eval_steps", EvalSteps);
        writer.WriteNumber("global_step", GlobalStep);
        writer.WriteBoolean("is_hyper_param_search", false);
        writer.WriteBoolean("is_local_process_zero", true);
        writer.WriteBoolean("is_world_process_zero", true);
        writer.WriteStartArray("log_history");
        foreach (LogEntry entry in LogHistory)
        {
            entry.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteNumber("logging_steps", LoggingSteps);
        writer.WriteNumber("max_steps", MaxSteps);
        writer.WriteNumber("num_input_tokens_seen", NumInputTokensSeen);
        writer.WriteNumber("num_train_epochs", NumTrainEpochs);
        writer.WriteNumber("save_steps", SaveSteps);
        WriteCallbacks(writer);
        WriteFloat(writer, "total_flos", TotalFlos);
        WriteOptional(writer, "train_batch_size", TrainBatchSize);
        writer.WriteNull("trial_name");
        writer.WriteNull("trial_params");
        writer.WriteEndObject();
    }

    // at the moment of saving the Trainer's only flags are that it saves, and that it stops after the last step
    private void WriteCallbacks(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("stateful_callbacks");
        writer.WriteStartObject("TrainerControl");
        writer.WriteStartObject("args");
        writer.WriteBoolean("should_epoch_stop", false);
        writer.WriteBoolean("should_evaluate", false);
        writer.WriteBoolean("should_log", false);
        writer.WriteBoolean("should_save", true);
        writer.WriteBoolean("should_training_stop", ShouldTrainingStop);
        writer.WriteEndObject();
        writer.WriteStartObject("attributes");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteFloat(Utf8JsonWriter writer, string name, double? value)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(value is { } number ? FloatText.Of(number) : "null");
    }

    // the Trainer leaves a step count that was given as 1.0 a float
    private static int Steps(JsonFields fields, string name)
    {
        double steps = fields.Number(name);
        return steps == Math.Floor(steps) && Math.Abs(steps) <= int.MaxValue ? (int)steps : throw fields.Fail($"{name} is not whole", "an integer", FloatText.Of(steps));
    }

    private static LogEntry ReadEntry(JsonElement entry, JsonFields fields)
    {
        if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("step", out JsonElement step)
            || step.ValueKind != JsonValueKind.Number || !step.TryGetInt32(out int number))
        {
            throw fields.Fail("an entry of log_history cannot be read", "an object with a step", entry.GetRawText());
        }

        return new LogEntry(number, entry.EnumerateObject().Where(field => field.Name != "step").Select(field =>
            KeyValuePair.Create(field.Name, JsonFields.ToNumber(field.Value) ?? throw fields.Fail($"{field.Name} in log_history cannot be read", "a number", field.Value.GetRawText()))));
    }
}
