using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Smvl.Evaluation;

/// <summary>One line of a run's <c>answers.jsonl</c>: a question, and what the model said.</summary>
/// <param name="Item">the question, without its pictures</param>
/// <param name="PictureCount">pictures that stood before it</param>
/// <param name="Answer">what the model said, as it said it; null where the row could not be used</param>
/// <param name="TextOnly">what it said to the same question without the pictures; null where nobody asked</param>
/// <param name="Problem">why the row could not be used; null where it could</param>
public sealed record AnswerRecord(EvaluationItem Item, int PictureCount, string? Answer, string? TextOnly, string? Problem)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What a metric makes of <see cref="Answer"/>; null before scoring.</summary>
    public double? Score { get; init; }

    /// <summary>The same of <see cref="TextOnly"/>.</summary>
    public double? TextOnlyScore { get; init; }

    /// <summary>One line of JSON, without its end.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("row", Item.Row);
            json.WriteString("id", Item.Id);
            json.WriteString("where", Item.Where);
            if (Problem is not null)
            {
                json.WriteString("problem", Problem);
            }
            else
            {
                WriteAnswered(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="JsonException">it is no such line</exception>
    public static AnswerRecord Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        try
        {
            return Read(root);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException(e.Message, e);
        }
    }

    private static AnswerRecord Read(JsonElement root)
    {
        string Text(string name) => root.GetProperty(name).GetString()!;
        string? Optional(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
        double? Number(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;
        int row = root.GetProperty("row").GetInt32();
        if (Optional("problem") is { } problem)
        {
            return Bad(row, Text("where"), problem);
        }

        EvaluationItem item = new(
            row, Text("where"), Text("id"), Text("prompt"), [], [.. root.GetProperty("expected").EnumerateArray().Select(e => e.GetString()!)],
            root.GetProperty("choices").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetString()!, StringComparer.Ordinal),
            Text("category"), Text("group"), Text("kind"));
        return new AnswerRecord(item, root.GetProperty("pictures").GetInt32(), Text("answer"), Optional("text_only"), null)
        {
            Score = Number("score"),
            TextOnlyScore = Number("text_only_score"),
        };
    }

    /// <summary>A row that could not be used.</summary>
    public static AnswerRecord Bad(int row, string where, string problem) =>
        new(new EvaluationItem(row, where, "", "", [], [], new Dictionary<string, string>(), "", "", ""), 0, null, null, problem);

    private void WriteAnswered(Utf8JsonWriter json)
    {
        json.WriteString("category", Item.Category);
        json.WriteString("group", Item.Group);
        json.WriteString("kind", Item.Kind);
        json.WriteNumber("pictures", PictureCount);
        json.WriteString("prompt", Item.Prompt);
        json.WriteStartObject("choices");
        foreach ((string letter, string text) in Item.Choices)
        {
            json.WriteString(letter, text);
        }

        json.WriteEndObject();
        json.WriteStartArray("expected");
        foreach (string expected in Item.Expected)
        {
            json.WriteStringValue(expected);
        }

        json.WriteEndArray();
        json.WriteString("answer", Answer);
        if (TextOnly is not null)
        {
            json.WriteString("text_only", TextOnly);
        }

        if (Score is { } score)
        {
            json.WriteNumber("score", score);
        }

        if (TextOnlyScore is { } textOnlyScore)
        {
            json.WriteNumber("text_only_score", textOnlyScore);
        }
    }
}
