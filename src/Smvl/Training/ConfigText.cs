using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Smvl.Training;

/// <summary>
/// Values of a configuration as text: for help and errors, as JSON, and as YAML that this program, PyYAML and YAML 1.2 read alike
/// (strings quoted, floats with a point). Values are those of <see cref="TrainingKey.Plain"/>.
/// </summary>
internal static class ConfigText
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For people: texts without quotes.</summary>
    public static string Of(object? value) => Of(value, text => text);

    /// <summary>One <c>key: value</c> a line.</summary>
    public static string Yaml(IEnumerable<(string Name, object? Value)> values)
    {
        var text = new StringBuilder();
        foreach ((string name, object? value) in values)
        {
            text.Append(name).Append(": ").Append(Of(value, Quoted)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One object, indented by two.</summary>
    public static string Json(IEnumerable<(string Name, object? Value)> values)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            writer.WriteStartObject();
            foreach ((string name, object? value) in values)
            {
                writer.WritePropertyName(name);
                Write(writer, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static string Of(object? value, Func<string, string> quote) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        int number => number.ToString(CultureInfo.InvariantCulture),
        double number => FloatText.Of(number),
        string text => quote(text),
        IReadOnlyList<string> { Count: 1 } names => quote(names[0]),
        IReadOnlyList<string> names => $"[{string.Join(", ", names.Select(quote))}]",
        IReadOnlyList<IReadOnlyDictionary<string, object>> maps => $"[{string.Join(", ", maps.Select(map => Of(map, quote)))}]",
        IReadOnlyDictionary<string, object> map => $"{{{string.Join(", ", map.Select(field => $"{field.Key}: {Of(field.Value, quote)}"))}}}",
        _ => throw new InvalidOperationException($"no plain value: {value.GetType()}"),
    };

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case IReadOnlyList<string> names:
                writer.WriteStartArray();
                foreach (string name in names)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
                break;
            case IReadOnlyList<IReadOnlyDictionary<string, object>> maps:
                writer.WriteStartArray();
                foreach (IReadOnlyDictionary<string, object> field in maps)
                {
                    Write(writer, field);
                }

                writer.WriteEndArray();
                break;
            case IReadOnlyDictionary<string, object> map:
                writer.WriteStartObject();
                foreach ((string name, object field) in map)
                {
                    writer.WritePropertyName(name);
                    Write(writer, field);
                }

                writer.WriteEndObject();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteRawValue(Of(value));
                break;
        }
    }

    // YAML's double quotes take every escape but these two kinds for themselves
    internal static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char letter in text)
        {
            quoted.Append(letter switch
            {
                '"' or '\\' => $"\\{letter}",
                < ' ' or '\x7f' or '\x85' or '\u2028' or '\u2029' or '\ufeff' => $"\\u{(int)letter:x4}",
                _ => letter.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
