using System.Text.Json;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Formats;

/// <summary>
/// Writes config.json in the spelling of transformers 5: a spliced model's, such that its SmolVLMForConditionalGeneration loads the
/// folder with a Qwen3 text model and no code of ours, and a text model's.
/// </summary>
public static class ConfigWriter
{
    private const string SinceVersion = "5.12.1";   // the transformers whose spelling this is

    /// <param name="folder">an existing folder</param>
    /// <param name="config">what to write</param>
    /// <param name="dtype">the type that a reader should load into: one that holds every stored tensor</param>
    public static void Write(string folder, ModelConfig config, DType dtype) =>
        HuggingFaceJson.WriteObject(Path.Combine(folder, ConfigFile.Name), json =>
        {
            json.WriteStartArray("architectures");
            json.WriteStringValue("SmolVLMForConditionalGeneration");
            json.WriteEndArray();
            json.WriteString("dtype", TorchName(dtype));
            json.WriteNumber("image_token_id", config.ImageTokenId);
            json.WriteString("model_type", "smolvlm");
            json.WriteId("pad_token_id", config.Text.PadTokenId);
            json.WriteNumber("scale_factor", config.ScaleFactor);
            json.WriteStartObject("text_config");
            WriteText(json, config.Text);
            json.WriteEndObject();
            json.WriteBoolean("tie_word_embeddings", config.Text.TieWordEmbeddings);
            json.WriteString("transformers_version", SinceVersion);
            json.WriteBoolean("use_cache", true);
            json.WriteStartObject("vision_config");
            WriteVision(json, config.Vision);
            json.WriteEndObject();
        });

    /// <summary>A text model of its own: <c>Qwen3ForCausalLM</c>.</summary>
    /// <param name="folder">an existing folder</param>
    /// <param name="text">what to write</param>
    /// <param name="dtype">the type that a reader should load into</param>
    public static void Write(string folder, TextConfig text, DType dtype) =>
        HuggingFaceJson.WriteObject(Path.Combine(folder, ConfigFile.Name), json =>
        {
            json.WriteStartArray("architectures");
            json.WriteStringValue("Qwen3ForCausalLM");
            json.WriteEndArray();
            json.WriteString("dtype", TorchName(dtype));
            WriteText(json, text);
            json.WriteString("transformers_version", SinceVersion);
        });

    private static void WriteText(Utf8JsonWriter json, TextConfig text)
    {
        json.WriteBoolean("attention_bias", false);
        json.WriteFloat("attention_dropout", 0);
        json.WriteId("bos_token_id", text.BosTokenId);
        json.WriteIds("eos_token_id", text.EosTokenIds);
        json.WriteNumber("head_dim", text.HeadSize);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("hidden_size", text.HiddenSize);
        json.WriteNumber("intermediate_size", text.IntermediateSize);
        json.WriteNumber("max_position_embeddings", text.MaxPositions);
        json.WriteString("model_type", "qwen3");
        json.WriteNumber("num_attention_heads", text.HeadCount);
        json.WriteNumber("num_hidden_layers", text.LayerCount);
        json.WriteNumber("num_key_value_heads", text.KeyValueHeadCount);
        json.WriteId("pad_token_id", text.PadTokenId);
        json.WriteFloat("rms_norm_eps", text.RmsNormEpsilon);
        json.WriteStartObject("rope_parameters");
        json.WriteFloat("rope_theta", text.RopeTheta);
        json.WriteString("rope_type", "default");
        json.WriteEndObject();
        json.WriteNull("sliding_window");
        json.WriteBoolean("tie_word_embeddings", text.TieWordEmbeddings);
        json.WriteBoolean("use_cache", true);
        json.WriteBoolean("use_sliding_window", false);
        json.WriteNumber("vocab_size", text.VocabularySize);
    }

    private static void WriteVision(Utf8JsonWriter json, VisionConfig vision)
    {
        json.WriteFloat("attention_dropout", 0);
        json.WriteString("hidden_act", "gelu_pytorch_tanh");
        json.WriteNumber("hidden_size", vision.HiddenSize);
        json.WriteNumber("image_size", vision.ImageSize);
        json.WriteNumber("intermediate_size", vision.IntermediateSize);
        json.WriteFloat("layer_norm_eps", vision.LayerNormEpsilon);
        json.WriteString("model_type", "smolvlm_vision");
        json.WriteNumber("num_attention_heads", vision.HeadCount);
        json.WriteNumber("num_channels", vision.ChannelCount);
        json.WriteNumber("num_hidden_layers", vision.LayerCount);
        json.WriteNumber("patch_size", vision.PatchSize);
    }

    private static string TorchName(DType dtype) => dtype switch
    {
        DType.F16 => "float16",
        DType.BF16 => "bfloat16",
        _ => "float32",
    };
}
