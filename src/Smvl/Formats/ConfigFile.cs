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
/// </summary>
public static class ConfigFile
{
    internal const string Name = "config.json";

    /// <exception cref="SmvlException">no config.json, or a model_type that is none of these</exception>
    public static CheckpointKind Kind(string folder) => Kind(Load(folder));

    /// <summary>The configuration of a spliced model.</summary>
    /// <exception cref="SmvlException">another kind of folder, or something that the model does not compute</exception>
    public static ModelConfig ReadModel(string folder)
    {
        JsonSection root = Load(folder);
        if (Kind(root) != CheckpointKind.Spliced)
        {
            throw new SmvlException(
                "not a spliced model", root.File, "model_type smolvlm with a text_config of model_type qwen3", ModelType(root), "make one with: smvl splice");
        }

        return Whole(root, TextConfigReader.ReadQwen3(root.Section("text_config")!));
    }

    /// <summary>The vision side of a SmolVLM or Idefics3 folder, whatever its text model is.</summary>
    public static VisionSourceConfig ReadVisionSource(string folder)
    {
        JsonSection root = Load(folder);
        return Kind(root) == CheckpointKind.Qwen3
            ? throw new SmvlException("no vision tower here", root.File, "model_type smolvlm or idefics3", ModelType(root))
            : VisionConfigReader.Read(root);
    }

    /// <summary>The configuration of a Qwen3 folder.</summary>
    public static TextConfig ReadTextSource(string folder)
    {
        JsonSection root = Load(folder);
        return Kind(root) == CheckpointKind.Qwen3
            ? TextConfigReader.ReadQwen3(root)
            : throw new SmvlException("not a text model of its own", root.File, "model_type qwen3", ModelType(root));
    }

    /// <summary>A SmolVLM with the Llama that it was published with, to describe or to make one; it is not run here.</summary>
    internal static ModelConfig ReadSmolVlm(string folder)
    {
        JsonSection root = Load(folder);
        return Whole(root, TextConfigReader.ReadLlama(root.Section("text_config") ?? throw root.Missing("text_config")));
    }

    private static ModelConfig Whole(JsonSection root, TextConfig text)
    {
        // transformers 4 asks text_config whether the head is tied, transformers 5 the top level; a head that is stored and is
        // no copy of the embedding is refused when the weights are read
        text = text with
        {
            TieWordEmbeddings = text.TieWordEmbeddings || root.Bool("tie_word_embeddings", false),
            PadTokenId = text.PadTokenId ?? root.OptionalInt("pad_token_id"),
        };
        (VisionConfig vision, int scaleFactor) = VisionConfigReader.Read(root);
        int imageTokenId = root.Int("image_token_id", 128257);
        return imageTokenId >= 0 && imageTokenId < text.VocabularySize
            ? new ModelConfig { Vision = vision, Text = text, ScaleFactor = scaleFactor, ImageTokenId = imageTokenId }
            : throw root.Wrong("image_token_id", $"0 to {text.VocabularySize - 1}", $"{imageTokenId}");
    }

    private static JsonSection Load(string folder) =>
        Directory.Exists(folder)
            ? JsonSection.Load(Path.Combine(folder, Name))
            : throw new SmvlException("no such folder", folder, expected: "a Hugging Face checkpoint folder");

    private static CheckpointKind Kind(JsonSection root) => ModelType(root) switch
    {
        "qwen3" => CheckpointKind.Qwen3,
        "smolvlm" or "idefics3" =>
            root.Section("text_config")?.Text("model_type") == "qwen3" ? CheckpointKind.Spliced : CheckpointKind.SmolVlm,
        string other => throw root.Wrong("model_type", "qwen3, smolvlm or idefics3", other),
    };

    private static string ModelType(JsonSection root) => root.Text("model_type") ?? throw root.Missing("model_type");
}
