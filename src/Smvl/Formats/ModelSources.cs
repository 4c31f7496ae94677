using System.Text.RegularExpressions;
using Smvl.Hubs;

namespace Smvl.Formats;

/// <summary>A model that another was made of.</summary>
/// <param name="Name">of its folder; in a hub's cache, the model's</param>
/// <param name="License">as its own model card says; null where that says nothing</param>
public sealed partial record ModelSource(string Name, string? License)
{
    /// <summary>Reads the licence from the front matter of the folder's README.md.</summary>
    public static ModelSource Of(string folder)
    {
        string card = Path.Combine(folder, "README.md");
        string? license = File.Exists(card) && FrontMatter().Match(File.ReadAllText(card)) is { Success: true } head
            && LicenseLine().Match(head.Value) is { Success: true } line ? line.Groups["id"].Value : null;
        return new ModelSource(HubCaches.ModelName(folder), license);
    }

    [GeneratedRegex(@"\A---\r?\n.*?^---\s*$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex FrontMatter();

    [GeneratedRegex(@"^license:[ \t]*[""']?(?<id>[A-Za-z0-9][A-Za-z0-9.\-_]*)[""']?[ \t]*\r?$", RegexOptions.Multiline)]
    private static partial Regex LicenseLine();
}

/// <summary>
/// <c>smvl_sources.json</c>: what a spliced folder was made of. A splice writes it and training carries it on, for the model card of an
/// export; nothing is computed from it.
/// </summary>
/// <param name="Vision">of the vision tower</param>
/// <param name="Text">of the text model and the tokenizer</param>
public sealed record ModelSources(ModelSource Vision, ModelSource Text)
{
    public const string FileName = "smvl_sources.json";

    private const string VisionKey = "vision", TextKey = "text", NameKey = "name", LicenseKey = "license";

    /// <summary>The folder's sources; null where it names none.</summary>
    /// <exception cref="SmvlException">the file is damaged</exception>
    public static ModelSources? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) && JsonSection.Load(path) is var root ? new ModelSources(Source(root, VisionKey), Source(root, TextKey)) : null;
    }

    /// <summary>Writes <see cref="FileName"/> into the folder.</summary>
    public void Write(string folder) => HuggingFaceJson.WriteObject(Path.Combine(folder, FileName), json =>
    {
        foreach ((string key, ModelSource source) in ((string, ModelSource)[])[(VisionKey, Vision), (TextKey, Text)])
        {
            json.WriteStartObject(key);
            json.WriteString(NameKey, source.Name);
            json.WriteString(LicenseKey, source.License);
            json.WriteEndObject();
        }
    });

    private static ModelSource Source(JsonSection root, string key)
    {
        JsonSection source = root.Section(key) ?? throw root.Missing(key);
        return new ModelSource(source.Text(NameKey) ?? throw source.Missing(NameKey), source.Text(LicenseKey));
    }
}
