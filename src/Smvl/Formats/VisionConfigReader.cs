using Smvl.Models;

namespace Smvl.Formats;

/// <summary>
/// The vision side of a SmolVLM or Idefics3 config.json, checked. Published files name only what differs from the class's
/// defaults: SmolVLM2-256M names neither layer count nor inner width nor epsilon.
/// Source: transformers 5.12, configuration_smolvlm.py.
/// </summary>
internal static class VisionConfigReader
{
    public static VisionSourceConfig Read(JsonSection root)
    {
        JsonSection section = root.Section("vision_config") ?? throw root.Missing("vision_config");
        section.Require("hidden_act", "gelu_pytorch_tanh");
        section.Require("num_channels", 3);
        section.Require("attention_dropout", 0);
        var vision = new VisionConfig
        {
            HiddenSize = section.Positive("hidden_size", 1152),
            IntermediateSize = section.Positive("intermediate_size", 3072),
            LayerCount = section.Positive("num_hidden_layers", 12),
            HeadCount = section.Positive("num_attention_heads", 16),
            ImageSize = Edge(section, "image_size", 224),
            PatchSize = Edge(section, "patch_size", 32),
            LayerNormEpsilon = section.Number("layer_norm_eps", 1e-6),
        };
        section.RequireMultiple("hidden_size", vision.HiddenSize, "num_attention_heads", vision.HeadCount);
        if (vision.PatchSize > vision.ImageSize)
        {
            throw section.Wrong("patch_size", $"at most image_size {vision.ImageSize}", $"{vision.PatchSize}");
        }

        int scale = root.Positive("scale_factor", 2);
        return vision.GridSize % scale == 0
            ? new VisionSourceConfig(vision, scale)
            : throw root.Wrong("scale_factor", $"a divisor of the patch grid's edge {vision.GridSize}", $"{scale}");
    }

    /// <summary>An edge in pixels, given as a number or as a pair of equal ones.</summary>
    private static int Edge(JsonSection section, string key, int otherwise)
    {
        IReadOnlyList<int> edges = section.Ints(key);
        return edges switch
        {
            [] => otherwise,
            [int edge] when edge > 0 => edge,
            [int height, int width] when height == width && height > 0 => height,
            _ => throw section.Wrong(key, "a square of a positive edge", string.Join(" x ", edges)),
        };
    }
}
