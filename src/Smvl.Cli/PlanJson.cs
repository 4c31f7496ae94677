using Smvl.Evaluation;
using Smvl.Training.Planning;

namespace Smvl.Cli;

/// <summary>A plan for programs: bytes, seconds and counts as numbers.</summary>
internal static class PlanJson
{
    public static string Of(TrainingPlan plan) => EvaluationJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("available_bytes", plan.Available);
        json.WriteNumber("peak_memory_bytes", plan.Peak);
        json.WriteBoolean("fits", plan.Fits);
        json.WriteStartObject("picked");
        foreach ((string key, string value) in plan.Picked)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        json.WriteStartArray("advice");
        foreach ((string change, long peak) in plan.Advice)
        {
            json.WriteStartObject();
            json.WriteString("change", change);
            json.WriteNumber("peak_memory_bytes", peak);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (plan.TotalSeconds is { } seconds)
        {
            json.WriteNumber("seconds", seconds);
        }

        json.WriteStartArray("stages");
        foreach ((string? name, RunPlan stage) in plan.Stages)
        {
            WriteStage(json, name, stage);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteStage(System.Text.Json.Utf8JsonWriter json, string? name, RunPlan plan)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStartObject("parameters");
        foreach (PartParameters part in plan.Parts)
        {
            json.WriteStartObject(part.Part.ToString().ToLowerInvariant());
            json.WriteNumber("all", part.Count);
            json.WriteNumber("trained", part.Trained);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("memory_bytes");
        json.WriteNumber("total", plan.Memory.Total);
        foreach ((string kind, long bytes) in plan.Memory.Kinds)
        {
            json.WriteNumber(kind, bytes);
        }

        json.WriteEndObject();
        json.WriteStartObject("data");
        json.WriteNumber("rows", plan.Data.Rows);
        json.WriteNumber("tokens_per_sample", plan.Data.TokensPerSample);
        json.WriteNumber("most_tokens", plan.Data.LargestSample);
        json.WriteNumber("tiles_per_sample", plan.Data.TilesPerSample);
        json.WriteNumber("most_tiles", plan.Data.MostTiles);
        json.WriteNumber("samples_per_step", plan.Data.SamplesPerStep);
        json.WriteNumber("tokens_per_step", plan.Data.TokensPerStep);
        json.WriteEndObject();
        json.WriteNumber("gflop_per_step", plan.StepGflop);
        json.WriteNumber("first_step", plan.FirstStep);
        json.WriteNumber("steps", plan.Steps);
        json.WriteNumber("epochs", plan.Epochs);
        json.WriteNumber("evaluations", plan.Evaluations);
        if (plan.Time is { } time)
        {
            json.WriteNumber("seconds_per_step", time.SecondsPerStep);
            json.WriteNumber("seconds_per_evaluation", time.EvaluationSeconds);
            json.WriteNumber("seconds", time.TotalSeconds);
        }

        json.WriteNumber("checkpoints", plan.Checkpoints);
        json.WriteNumber("model_bytes", plan.ModelBytes);
        json.WriteNumber("state_bytes", plan.StateBytes);
        json.WriteNumber("disk_bytes", plan.DiskBytes);
        json.WriteEndObject();
    }
}
