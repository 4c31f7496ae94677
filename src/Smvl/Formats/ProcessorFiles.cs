using System.Text.Json.Nodes;
using Smvl.Models;

namespace Smvl.Formats;

/// <summary>
/// preprocessor_config.json and processor_config.json of a spliced folder: the vision source's picture settings, under the class
/// names with which transformers' AutoProcessor makes a SmolVLMProcessor of them.
/// </summary>
internal static class ProcessorFiles
{
    private const string Preprocessor = "preprocessor_config.json";
    private const string Processor = "processor_config.json";
    private const string ProcessorClass = "SmolVLMProcessor";

    /// <exception cref="SmvlException">the source has no picture settings, or its tiles are not the tower's</exception>
    public static void Write(string from, string to, ModelConfig config)
    {
        JsonObject settings = ReadSettings(from);
        settings["image_processor_type"] = "SmolVLMImageProcessor";
        settings["processor_class"] = ProcessorClass;
        HuggingFaceJson.WriteNode(Path.Combine(to, Preprocessor), settings);
        HuggingFaceJson.WriteNode(Path.Combine(to, Processor), new JsonObject
        {
            ["image_seq_len"] = config.ImageSequenceLength,
            ["processor_class"] = ProcessorClass,
        });
        CheckTiles(Path.Combine(to, Preprocessor), from, config.Vision);
    }

    /// <summary>A file of its own (transformers 4), or a part of processor_config.json (transformers 5).</summary>
    private static JsonObject ReadSettings(string folder)
    {
        string own = Path.Combine(folder, Preprocessor);
        if (File.Exists(own))
        {
            return HuggingFaceJson.ReadNode(own);
        }

        string shared = Path.Combine(folder, Processor);
        return File.Exists(shared) && HuggingFaceJson.ReadNode(shared)["image_processor"] is JsonObject part
            ? (JsonObject)part.DeepClone()
            : throw new SmvlException("no picture settings", own, hint: "fetch preprocessor_config.json of the vision model");
    }

    private static void CheckTiles(string written, string source, VisionConfig vision)
    {
        int? edge = JsonSection.Load(written).Section("max_image_size")?.OptionalInt("longest_edge");
        if (edge != vision.ImageSize)
        {
            throw new SmvlException(
                "the picture settings' tiles are not the vision tower's",
                Path.Combine(source, Preprocessor),
                $"max_image_size.longest_edge {vision.ImageSize}",
                edge?.ToString() ?? "none");
        }
    }
}
