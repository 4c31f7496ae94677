using System.Text.Json;

namespace Smvl.Training;

/// <summary>
/// Strict reading of a JSON file that holds one object: each field is asked for once by name and type, and <see cref="Finish"/> finds
/// those nobody asked for. All errors name the file and the field.
/// </summary>
internal sealed class JsonFields
{
    private readonly string _path;
    private readonly string _hint;
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <param name="path">the file</param>
    /// <param name="hint">what to do when it is missing or damaged</param>
    public JsonFields(string path, string hint)
    {
        (_path, _hint) = (path, hint);
        if (!File.Exists(path))
        {
            throw new SmvlException("the file does not exist", path, hint: hint);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Fail("the file holds no object", "a JSON object", document.RootElement.ValueKind.ToString());
            }

            foreach (JsonProperty field in document.RootElement.EnumerateObject())
            {
                if (!_fields.TryAdd(field.Name, field.Value.Clone()))
                {
                    throw Fail($"{field.Name} is there twice");
                }
            }
        }
        catch (JsonException exception)
        {
            throw new SmvlException($"the file is no JSON: {exception.Message}", path, hint: hint, inner: exception);
        }
    }

    public int Integer(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } field && field.TryGetInt32(out int value) ? value : throw Wrong(name, "an integer");

    public long Long(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } field && field.TryGetInt64(out long value) ? value : throw Wrong(name, "an integer");

    public double Number(string name) => ToNumber(Find(name)) ?? throw Wrong(name, "a number");

    public double? OptionalNumber(string name) => IsNull(name) ? null : Number(name);

    public int? OptionalInteger(string name) => IsNull(name) ? null : Integer(name);

    public string? OptionalText(string name) =>
        IsNull(name) ? null : Find(name) is { ValueKind: JsonValueKind.String } field ? field.GetString() : throw Wrong(name, "a text or null");

    public string Text(string name) => OptionalText(name) ?? throw Wrong(name, "a text");

    public JsonElement.ArrayEnumerator List(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Array } field ? field.EnumerateArray() : throw Wrong(name, "a list");

    /// <summary>A field that must be there and is not read.</summary>
    public void Ignore(string name) => _ = Find(name);

    /// <summary>No field was left unread.</summary>
    public void Finish()
    {
        if (_fields.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
        {
            throw Fail($"unknown field {unknown}");
        }
    }

    /// <summary>A fault of the file, in its words.</summary>
    public SmvlException Fail(string what, string? expected = null, string? actual = null) => new(what, _path, expected, actual, _hint);

    /// <summary>The element as a finite number, or null when it is none.</summary>
    public static double? ToNumber(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && double.IsFinite(value) ? value : null;

    private bool IsNull(string name) => Find(name).ValueKind == JsonValueKind.Null;

    private JsonElement Find(string name)
    {
        _asked.Add(name);
        return _fields.TryGetValue(name, out JsonElement field) ? field : throw Fail($"the field {name} is missing");
    }

    private SmvlException Wrong(string name, string expected) => Fail($"{name} cannot be read", expected, _fields[name].GetRawText());
}
