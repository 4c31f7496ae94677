using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tracking.SwanLab;

/// <summary>The pieces of JSON that several of SwanLab's formats share.</summary>
internal static class SwanLabJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, Options))
        {
            write(writer);
        }

        return stream.ToArray();
    }

    /// <summary>A time in UTC with microseconds, as Python's isoformat writes it.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", CultureInfo.InvariantCulture);

    /// <summary>The <c>metric</c> of a number: a line of the watch folder and a field of a JSON record.</summary>
    public static void WriteMetric(Utf8JsonWriter writer, SwanLabScalar scalar)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", scalar.Step);
        writer.WriteNumber("data", scalar.Value);
        writer.WriteString("create_time", Time(scalar.Time));
        writer.WriteEndObject();
    }

    /// <summary>The <c>metric</c> of media: texts stand in it, other media are named.</summary>
    public static void WriteMetric(Utf8JsonWriter writer, SwanLabMedia media)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", media.Step);
        writer.WriteStartArray("data");
        writer.WriteStringValue(media.Column.Type == SwanLabType.Text ? Encoding.UTF8.GetString(media.Content) : JsonRecordSink.FileName(media));
        writer.WriteEndArray();
        writer.WriteString("create_time", Time(media.Time));
        if (media.Caption is not null)
        {
            writer.WriteStartArray("more");
            writer.WriteStartObject();
            writer.WriteString("caption", media.Caption);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>A table as swanlab.echarts.Table writes it.</summary>
    public static byte[] Table(IReadOnlyList<string> heads, params IReadOnlyList<IReadOnlyList<string>> rows) => Of(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("_swanLab", "table");
        writer.WriteStartArray("colDefs");
        foreach (string head in heads)
        {
            writer.WriteStartObject();
            writer.WriteString("field", head);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("rowData");
        foreach (IReadOnlyList<string> row in rows)
        {
            writer.WriteStartObject();
            for (int i = 0; i < heads.Count; i++)
            {
                writer.WriteString(heads[i], row[i]);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>The configuration as files/config.yaml: for each key its value, a description and its place.</summary>
    public static string ConfigurationYaml(IReadOnlyList<KeyValuePair<string, JsonElement>> configuration)
    {
        StringBuilder text = new();
        for (int i = 0; i < configuration.Count; i++)
        {
            text.Append(ConfigText.Quoted(configuration[i].Key)).Append(":\n  value: ");
            AppendYaml(text, configuration[i].Value);
            text.Append("\n  desc: ''\n  sort: ").Append(i).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The configuration as requests have it.</summary>
    public static void WriteConfiguration(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, JsonElement>> configuration)
    {
        writer.WriteStartObject();
        for (int i = 0; i < configuration.Count; i++)
        {
            writer.WriteStartObject(configuration[i].Key);
            writer.WritePropertyName("value");
            configuration[i].Value.WriteTo(writer);
            writer.WriteString("desc", "");
            writer.WriteNumber("sort", i);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>In flow style, which YAML 1.1 reads as it was meant: floats have a point.</summary>
    private static void AppendYaml(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach ((int index, JsonProperty property) in value.EnumerateObject().Index())
                {
                    text.Append(index == 0 ? "" : ", ").Append(ConfigText.Quoted(property.Name)).Append(": ");
                    AppendYaml(text, property.Value);
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
                {
                    text.Append(index == 0 ? "" : ", ");
                    AppendYaml(text, item);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                text.Append(ConfigText.Quoted(value.GetString()!));
                break;
            case JsonValueKind.Number when !value.TryGetInt64(out _):
                text.Append(FloatText.Of(value.GetDouble()));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }
}
