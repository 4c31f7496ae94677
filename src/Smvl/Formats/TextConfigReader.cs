using System.Text.Json;
using Smvl.Models;

namespace Smvl.Formats;

/// <summary>
/// A text model's configuration, checked: Qwen3's, at the top of its own config.json or as a spliced model's text_config, and the
/// extents of the Llama that a SmolVLM carries.
/// Source: transformers 5.12, configuration_qwen3.py, configuration_llama.py, modeling_rope_utils.py.
/// </summary>
internal static class TextConfigReader
{
    private const string FullAttention = "full_attention";

    public static TextConfig ReadQwen3(JsonSection section)
    {
        section.Require("hidden_act", "silu");
        section.Require("attention_bias", false);
        section.Require("attention_dropout", 0);
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
        section.RequireMultiple("num_attention_heads", text.HeadCount, "num_key_value_heads", text.KeyValueHeadCount);
        if (text.HeadSize % 2 != 0)
        {
            throw section.Wrong("head_dim", "an even number", $"{text.HeadSize}", "rotary positions turn pairs");
        }

        RefuseSlidingWindow(section, text.LayerCount);
        return text;
    }

    /// <summary>Extents only: this text model is described and replaced, never run, so nothing of it is refused.</summary>
    public static TextConfig ReadLlama(JsonSection section)
    {
        int hidden = section.Positive("hidden_size", 4096);
        int heads = section.Positive("num_attention_heads", 32);
        return new TextConfig
        {
            HiddenSize = hidden,
            IntermediateSize = section.Positive("intermediate_size", 11008),
            LayerCount = section.Positive("num_hidden_layers", 32),
            HeadCount = heads,
            KeyValueHeadCount = section.Positive("num_key_value_heads", heads),
            HeadSize = section.Positive("head_dim", hidden / heads),
            VocabularySize = section.Positive("vocab_size", 32000),
            RmsNormEpsilon = section.Number("rms_norm_eps", 1e-6),
            RopeTheta = section.Number("rope_theta", section.Section("rope_parameters")?.Number("rope_theta", 10000) ?? 10000),
            MaxPositions = section.Positive("max_position_embeddings", 2048),
            TieWordEmbeddings = section.Bool("tie_word_embeddings", false),
            BosTokenId = section.OptionalInt("bos_token_id"),
            EosTokenIds = section.Ints("eos_token_id"),
            PadTokenId = section.OptionalInt("pad_token_id"),
        };
    }

    /// <summary>rope_parameters (5.x) or rope_theta with rope_scaling (4.x); only the plain kind.</summary>
    private static double RotaryBase(JsonSection section)
    {
        string key = section.Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
        JsonSection? rope = section.Section(key);
        string type = rope?.Text("rope_type") ?? rope?.Text("type") ?? "default";
        if (type != "default")
        {
            throw section.Wrong(
                key, "the default rotary positions", type, "scaled rotary positions are not built; take the model's unscaled configuration");
        }

        if (rope is not null && rope.Properties().Any(item => item.Value.ValueKind == JsonValueKind.Object))
        {
            throw section.Wrong(key, "one set for all layers", "one per layer type");
        }

        section.Require("partial_rotary_factor", 1);
        rope?.Require("partial_rotary_factor", 1);
        double theta = rope?.OptionalNumber("rope_theta") ?? section.Number("rope_theta", 10000);
        return theta > 0 ? theta : throw section.Wrong("rope_theta", "a positive number", $"{theta}");
    }

    private static void RefuseSlidingWindow(JsonSection section, int layers)
    {
        bool slides = section.Bool("use_sliding_window", false)
            && !section.IsNull("sliding_window")
            && section.Int("max_window_layers", 28) < layers;
        string? other = section.Texts("layer_types") is { } types
            ? types.FirstOrDefault(type => type != FullAttention)
            : slides ? "use_sliding_window true" : null;
        if (other is not null)
        {
            throw section.Wrong("sliding_window", $"{FullAttention} in every layer", other);
        }
    }
}
