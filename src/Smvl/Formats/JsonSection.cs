using System.Text.Json;
using System.Text.Json.Nodes;

namespace Smvl.Formats;

/// <summary>
/// An object of a JSON file, read key by key; every error names the file and the key with its path inside the file.
/// Keys that nobody asks for are ignored, as published configurations carry many.
/// A key with the value null counts as left out.
/// </summary>
internal sealed class JsonSection
{
    private readonly JsonElement element;
    private readonly string path;

    private JsonSection(string file, JsonElement element, string path)
    {
        File = file;
        this.element = element;
        this.path = path;
    }

    /// <summary>The file this was read from.</summary>
    public string File { get; }

    /// <exception cref="SmvlException">the file is missing, not JSON, or not an object</exception>
    public static JsonSection Load(string file)
    {
        if (!System.IO.File.Exists(file))
        {
            throw new SmvlException("no such file", file, hint: "name the folder of a Hugging Face checkpoint");
        }

        return Parse(file, System.IO.File.ReadAllBytes(file));
    }

    /// <param name="file">the file that the bytes were read from</param>
    /// <param name="utf8">JSON</param>
    /// <exception cref="SmvlException">not JSON, or not an object</exception>
    public static JsonSection Parse(string file, ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8);
            JsonElement root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object
                ? new JsonSection(file, root, "")
                : throw new SmvlException("not a JSON object", file, "an object", Describe(root.GetRawText()));
        }
        catch (JsonException e)
        {
            throw NotJson(file, e);
        }
    }

    /// <summary>The error for a file that a reader of JSON gave up on.</summary>
    public static SmvlException NotJson(string file, Exception e) => new("not JSON", file, actual: e.Message, hint: "fetch the file again", inner: e);

    /// <summary>True if the key is there and not null.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>True if the key is there with a list.</summary>
    public bool IsList(string key) => Find(key) is { ValueKind: JsonValueKind.Array };

    /// <summary>True if the key is there with the value null.</summary>
    public bool IsNull(string key) => element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    public int Int(string key) => OptionalInt(key) ?? throw Missing(key);

    public int Int(string key, int otherwise) => OptionalInt(key) ?? otherwise;

    public int? OptionalInt(string key) =>
        Find(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number
        : throw Wrong(key, "an integer", value);

    /// <summary>An integer of at least 1.</summary>
    public int Positive(string key, int? otherwise = null)
    {
        int value = OptionalInt(key) ?? otherwise ?? throw Missing(key);
        return value > 0 ? value : throw Wrong(key, "a positive integer", $"{value}");
    }

    public double Number(string key, double otherwise) => OptionalNumber(key) ?? otherwise;

    public double? OptionalNumber(string key) =>
        Find(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : throw Wrong(key, "a number", value);

    public bool Bool(string key, bool otherwise) =>
        Find(key) is not JsonElement value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, "true or false", value);

    public string? Text(string key) =>
        Find(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Wrong(key, "a string", value);

    /// <summary>An integer or a list of integers, as a list; empty when left out.</summary>
    public IReadOnlyList<int> Ints(string key)
    {
        if (Find(key) is not JsonElement value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return [Int(key)];
        }

        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number)
                ? number
                : throw Wrong(key, "an integer or a list of integers", value))];
    }

    /// <summary>A list of strings; null when left out.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (Find(key) is not JsonElement value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(key, "a list of strings", value);
    }

    /// <summary>The object under a key; null when left out.</summary>
    public JsonSection? Section(string key) =>
        Find(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonSection(File, value, path + key + ".")
        : throw Wrong(key, "an object", value);

    /// <summary>The keys and values as they stand.</summary>
    public IEnumerable<JsonProperty> Properties() => element.EnumerateObject();

    /// <summary>The whole object, to be amended.</summary>
    public JsonObject ToNode() => JsonObject.Create(element)!;

    /// <summary>The objects of a list; none when left out.</summary>
    public IEnumerable<JsonSection> Sections(string key)
    {
        if (Find(key) is not JsonElement value)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object)
            ? value.EnumerateArray().Select((item, i) => new JsonSection(File, item, $"{path}{key}[{i}]."))
            : throw Wrong(key, "a list of objects", value);
    }

    /// <summary>Refuses any other text; left out is right.</summary>
    public void Require(string key, string expected)
    {
        if (Text(key) is string actual && actual != expected)
        {
            throw Wrong(key, expected, actual);
        }
    }

    /// <summary>Refuses any other number; left out is right.</summary>
    public void Require(string key, double expected)
    {
        if (OptionalNumber(key) is double actual && actual != expected)
        {
            throw Wrong(key, $"{expected}", $"{actual}");
        }
    }

    /// <summary>Refuses the opposite; left out is right.</summary>
    public void Require(string key, bool expected)
    {
        if (Bool(key, expected) != expected)
        {
            throw Wrong(key, expected ? "true" : "false", expected ? "false" : "true");
        }
    }

    /// <summary>Refuses a whole that does not fall into so many parts.</summary>
    public void RequireMultiple(string wholeKey, int whole, string partsKey, int parts)
    {
        if (whole % parts != 0)
        {
            throw Wrong(wholeKey, $"a multiple of {partsKey} {parts}", $"{whole}");
        }
    }

    /// <summary>The error for a key whose value is not the expected one.</summary>
    public SmvlException Wrong(string key, string expected, string actual, string? hint = null) =>
        new($"{path}{key} is not supported", File, expected, actual, hint);

    /// <summary>The error for a key that must be there.</summary>
    public SmvlException Missing(string key) => new($"{path}{key} is missing", File);

    /// <summary>The error for a key whose value is of another kind.</summary>
    /// <param name="file">the file</param>
    /// <param name="key">with its path inside the file</param>
    /// <param name="expected">what would have been right</param>
    /// <param name="json">what stands there</param>
    public static SmvlException WrongValue(string file, string key, string expected, string json) =>
        new($"{key} has a wrong value", file, expected, Describe(json));

    private SmvlException Wrong(string key, string expected, JsonElement value) => WrongValue(File, path + key, expected, value.GetRawText());

    private JsonElement? Find(string key) =>
        element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Describe(string json) => json.Length <= 60 ? json : json[..60] + "…";
}
