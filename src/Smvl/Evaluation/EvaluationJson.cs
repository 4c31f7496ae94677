using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Smvl.Evaluation;

/// <summary>Results as JSON.</summary>
public static class EvaluationJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object a task: its name, questions, skipped rows, figures with intervals, and categories.</summary>
    public static string Of(IReadOnlyList<EvaluationResult> results) => Write(json =>
    {
        json.WriteStartArray();
        foreach (EvaluationResult result in results)
        {
            WriteResult(json, result);
        }

        json.WriteEndArray();
    });

    internal static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    internal static void WriteEstimate(Utf8JsonWriter json, string name, Estimate? estimate)
    {
        if (estimate is not { } known)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("value", Rounded(known.Value));
        json.WriteNumber("low", Rounded(known.Low));
        json.WriteNumber("high", Rounded(known.High));
        json.WriteEndObject();
    }

    /// <summary>Figures are known to far fewer places.</summary>
    internal static double Rounded(double value) => Math.Round(value, 6);

    private static void WriteResult(Utf8JsonWriter json, EvaluationResult result)
    {
        json.WriteStartObject();
        json.WriteString("task", result.Task.Name);
        json.WriteString("metric", result.Task.Metric);
        json.WriteString("model", result.Model);
        json.WriteNumber("questions", result.Questions);
        json.WriteNumber("skipped", result.Skipped);
        json.WriteStartArray("figures");
        foreach (Figure figure in result.Figures)
        {
            json.WriteStartObject();
            json.WriteString("name", figure.Name);
            WriteEstimate(json, "score", figure.With);
            WriteEstimate(json, "text_only", figure.TextOnly);
            WriteEstimate(json, "pictures_add", figure.Gain);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("categories");
        foreach (CategoryScore category in result.Categories)
        {
            json.WriteStartObject();
            json.WriteString("name", category.Name);
            json.WriteNumber("questions", category.Questions);
            json.WriteNumber("score", Rounded(category.With));
            if (category.TextOnly is { } textOnly)
            {
                json.WriteNumber("text_only", Rounded(textOnly));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
