using System.Text.Json;

namespace Smvl.Tracking;

/// <summary>
/// A run's configuration as transformers' callbacks log it: the model's, the training arguments over it, the framework and the number of
/// parameters.
/// </summary>
internal static class RunConfiguration
{
    public static IReadOnlyList<KeyValuePair<string, JsonElement>> Of(TrackedRun run)
    {
        // in the order of their first appearance, as Python's dict has them
        OrderedDictionary<string, JsonElement> values = [];
        foreach (string json in (ReadOnlySpan<string>)[run.ModelConfig, run.Arguments.ToJson()])
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value.Clone();
            }
        }

        values["FRAMEWORK"] = Parsed("\"SmVL\"");
        values["model_num_parameters"] = Parsed(run.ParameterCount.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return [.. values];
    }

    private static JsonElement Parsed(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
