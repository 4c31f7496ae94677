using Smvl.Models;

namespace Smvl.Formats;

/// <summary>What a checkpoint folder holds, by its config.json.</summary>
public enum CheckpointKind
{
    /// <summary>A Qwen3 text model.</summary>
    Qwen3,

    /// <summary>A SmolVLM or Idefics3 with another text model than Qwen3: a source of a vision tower.</summary>
    SmolVlm,

    /// <summary>A SmolVLM whose text model is Qwen3: what this program trains and runs.</summary>
    Spliced,
}

/// <summary>The part of a SmolVLM checkpoint that a splice takes over.</summary>
public sealed record VisionSourceConfig(VisionConfig Vision, int ScaleFactor);

/// <summary>
/// config.json of a Hugging Face checkpoint folder, in the spelling of transformers 4.x (rope_theta, rope_scaling) and 5.x
/// (rope_parameters), with transformers' defaults for what a file leaves out. What the model here does not compute
/// (scaled rotary positions, sliding windows, biases, dropout, other activations) is refused, naming file and key.
/// Source: transformers 5.12, configuration_smolvlm.py, configuration_qwen3.py, modeling_rope_utils.py.
/// </summary>
public static class ConfigFile
{
    internal const string Name = "config.json";

    /// <exception cref="SmvlException">no config.json, or a model_type that is none of these</exception>
    public static CheckpointKind Kind(string folder) => Kind(Load(folder));

    /// <summary>The configuration of a spliced model.</summary>
    public static ModelConfig ReadModel(string folder)
    {
        JsonSection root = Load(folder);
        if (Kind(root) != CheckpointKind.Spliced)
        {
            throw new SmvlException(
                "not a spliced model", root.File, "model_type smolvlm with a qwen3 text_config", ModelType(root), "make one with: smvl splice");
        }

        JsonSection textSection = root.Section("text_config")!;
        TextConfig text = ReadText(textSection);
        // transformers 4 asked text_config whether the head is tied, transformers 5 asks the top level
        text = text with
        {
            TieWordEmbeddings = text.TieWordEmbeddings || root.Bool("tie_word_embeddings", false),
            PadTokenId = text.PadTokenId ?? root.OptionalInt("pad_token_id"),
        };
        VisionSourceConfig vision = ReadVisionSource(root);
        int imageTokenId = root.Int("image_token_id", 128257);
        if (imageTokenId < 0 || imageTokenId >= text.VocabularySize)
        {
            throw root.Wrong("image_token_id", $"0 to {text.VocabularySize - 1}", $"{imageTokenId}");
        }

        return new ModelConfig { Vision = vision.Vision, Text = text, ScaleFactor = vision.ScaleFactor, ImageTokenId = imageTokenId };
    }

    /// <summary>The vision side of a SmolVLM or Idefics3 folder, whatever its text model is.</summary>
    public static VisionSourceConfig ReadVisionSource(string folder)
    {
        JsonSection root = Load(folder);
        return Kind(root) == CheckpointKind.Qwen3
            ? throw new SmvlException("no vision tower here", root.File, "model_type smolvlm or idefics3", ModelType(root))
            : ReadVisionSource(root);
    }

    /// <summary>The configuration of a Qwen3 folder.</summary>
    public static TextConfig ReadTextSource(string folder)
    {
        JsonSection root = Load(folder);
        return Kind(root) == CheckpointKind.Qwen3
            ? ReadText(root)
            : throw new SmvlException("not a text model", root.File, "model_type qwen3", ModelType(root));
    }

    internal static JsonSection Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new SmvlException("no such folder", folder, expected: "a Hugging Face checkpoint folder");
        }

        return JsonSection.Load(Path.Combine(folder, Name));
    }

    private static CheckpointKind Kind(JsonSection root) => ModelType(root) switch
    {
        "qwen3" => CheckpointKind.Qwen3,
        "smolvlm" or "idefics3" =>
            root.Section("text_config")?.Text("model_type") == "qwen3" ? CheckpointKind.Spliced : CheckpointKind.SmolVlm,
        string other => throw root.Wrong("model_type", "qwen3, smolvlm or idefics3", other),
    };

    private static string ModelType(JsonSection root) => root.Text("model_type") ?? throw root.Missing("model_type");

    private static VisionSourceConfig ReadVisionSource(JsonSection root)
    {
        JsonSection section = root.Section("vision_config") ?? throw root.Missing("vision_config");
        Require(section, "hidden_act", "gelu_pytorch_tanh");
        if (section.Positive("num_channels", 3) != 3)
        {
            throw section.Wrong("num_channels", "3", $"{section.Int("num_channels")}");
        }

        RefuseDropout(section);
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
        Divides(section, "hidden_size", vision.HiddenSize, "num_attention_heads", vision.HeadCount);
        if (vision.PatchSize > vision.ImageSize)
        {
            throw section.Wrong("patch_size", $"at most image_size {vision.ImageSize}", $"{vision.PatchSize}");
        }

        int scale = root.Positive("scale_factor", 2);
        return vision.GridSize % scale == 0
            ? new VisionSourceConfig(vision, scale)
            : throw root.Wrong("scale_factor", $"a divisor of the patch grid's edge {vision.GridSize}", $"{scale}");
    }

    private static TextConfig ReadText(JsonSection section)
    {
        Require(section, "hidden_act", "silu");
        if (section.Bool("attention_bias", false))
        {
            throw section.Wrong("attention_bias", "false", "true", "published Qwen3 models have no attention bias");
        }

        RefuseDropout(section);
        int heads = section.Positive("num_attention_heads", 32);
        var text = new TextConfig
        {
            HiddenSize = section.Positive("hidden_size", 4096),
            IntermediateSize = section.Positive("intermediate_size", 22016),
            LayerCount = section.Positive("num_hidden_layers", 32),
            HeadCount = heads,
            // left out: 32; null: as many as query heads
            KeyValueHeadCount = section.Positive("num_key_value_heads", section.IsNull("num_key_value_heads") ? heads : 32),
            HeadSize = section.Positive("head_dim", 128),
            VocabularySize = section.Positive("vocab_size", 151936),
            RmsNormEpsilon = section.Number("rms_norm_eps", 1e-6),
            RopeTheta = RotaryBase(section),
            MaxPositions = section.Positive("max_position_embeddings", 32768),
            TieWordEmbeddings = section.Bool("tie_word_embeddings", false),
            BosTokenId = section.OptionalInt("bos_token_id"),
            EosTokenIds = section.Ints("eos_token_id"),
            PadTokenId = section.OptionalInt("pad_token_id"),
        };
        Divides(section, "num_attention_heads", text.HeadCount, "num_key_value_heads", text.KeyValueHeadCount);
        if (text.HeadSize % 2 != 0)
        {
            throw section.Wrong("head_dim", "an even number", $"{text.HeadSize}", "rotary positions turn pairs");
        }

        RefuseSlidingWindow(section, text.LayerCount);
        return text;
    }

    /// <summary>rope_parameters (5.x) or rope_theta with rope_scaling (4.x); only the plain kind.</summary>
    private static double RotaryBase(JsonSection section)
    {
        string key = section.Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
        JsonSection? rope = section.Section(key);
        string type = rope?.Text("rope_type") ?? rope?.Text("type") ?? "default";
        if (type != "default")
        {
            throw section.Wrong(key, "the default rotary positions", type, "scaled rotary positions are not built; take the model's unscaled configuration");
        }

        if (rope is not null && rope.Properties().Any(item => item.Value.ValueKind == System.Text.Json.JsonValueKind.Object))
        {
            throw section.Wrong(key, "one set for all layers", "one per layer type");
        }

        double rotated = rope?.OptionalNumber("partial_rotary_factor") ?? section.Number("partial_rotary_factor", 1);
        if (rotated != 1)
        {
            throw section.Wrong("partial_rotary_factor", "1", $"{rotated}");
        }

        double theta = rope?.OptionalNumber("rope_theta") ?? section.Number("rope_theta", 10000);
        return theta > 0 ? theta : throw section.Wrong("rope_theta", "a positive number", $"{theta}");
    }

    private static void RefuseSlidingWindow(JsonSection section, int layers)
    {
        const string Full = "full_attention";
        string? other = section.Texts("layer_types") is { } types
            ? types.FirstOrDefault(type => type != Full)
            : section.Bool("use_sliding_window", false)
              && !section.IsNull("sliding_window")
              && section.Int("max_window_layers", 28) < layers ? "use_sliding_window" : null;
        if (other is not null)
        {
            throw section.Wrong("sliding_window", "full attention in every layer", other);
        }
    }

    private static void RefuseDropout(JsonSection section)
    {
        double dropout = section.Number("attention_dropout", 0);
        if (dropout != 0)
        {
            throw section.Wrong("attention_dropout", "0", $"{dropout}");
        }
    }

    private static void Require(JsonSection section, string key, string expected)
    {
        string actual = section.Text(key) ?? expected;
        if (actual != expected)
        {
            throw section.Wrong(key, expected, actual);
        }
    }

    private static void Divides(JsonSection section, string wholeKey, int whole, string partsKey, int parts)
    {
        if (whole % parts != 0)
        {
            throw section.Wrong(wholeKey, $"a multiple of {partsKey} {parts}", $"{whole}");
        }
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
