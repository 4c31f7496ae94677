using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Smvl.Formats;

/// <summary>JSON the way Hugging Face's files look: indented, unescaped, floats with a point or an exponent.</summary>
internal static class HuggingFaceJson
{
    public static readonly JsonWriterOptions WriterOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file with the object that <paramref name="body"/> writes.</summary>
    public static void WriteObject(string path, Action<Utf8JsonWriter> body) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, WriterOptions);
        json.WriteStartObject();
        body(json);
        json.WriteEndObject();
    });

    /// <summary>A file's object, to be amended and written elsewhere.</summary>
    /// <exception cref="SmvlException">the file is missing, not JSON, or not an object</exception>
    public static JsonObject ReadNode(string path) => JsonSection.Load(path).ToNode();

    public static void WriteNode(string path, JsonObject node) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, WriterOptions);
        node.WriteTo(json);
    });

    /// <summary>A float that Python reads as a float: 1000000 would be an integer there, and configurations check types.</summary>
    public static void WriteFloat(this Utf8JsonWriter json, string key, double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        json.WritePropertyName(key);
        json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text);
    }

    /// <summary>One token id as a number, several as a list, none as null.</summary>
    public static void WriteIds(this Utf8JsonWriter json, string key, IReadOnlyList<int> ids)
    {
        switch (ids)
        {
            case []:
                json.WriteNull(key);
                break;
            case [int id]:
                json.WriteNumber(key, id);
                break;
            default:
                json.WriteStartArray(key);
                foreach (int id in ids)
                {
                    json.WriteNumberValue(id);
                }

                json.WriteEndArray();
                break;
        }
    }

    public static void WriteId(this Utf8JsonWriter json, string key, int? id) => json.WriteIds(key, id is int one ? [one] : []);
}
