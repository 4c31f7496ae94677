using System.Collections;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>One parameter: its name here, its name in a Hugging Face checkpoint, its name in a GGUF file, and its shape.</summary>
public readonly record struct TensorName(string Ours, string HuggingFace, string Gguf, Shape Shape)
{
    /// <summary>Which of the two GGUF files it is in: true for the mmproj, of tower and connector; false for the text model.</summary>
    public bool IsInProjectorFile => NameTable.PartOf(this) is ModelPart.Vision or ModelPart.Connector;
}

/// <summary>The parts that parameters are counted and frozen by.</summary>
public enum ModelPart
{
    Vision,
    Connector,
    Text,
    Head,
}

/// <summary>
/// The parameters of a model in checkpoint order, and the only place where Hugging Face's and llama.cpp's names are written. Each table
/// serves one kind of folder: the spliced model, or one of its two sources; the names on our side and in GGUF are the same in all three.
/// Shapes: D width, P patches of a tile, p patch edge, V vocabulary, F inner width, H heads, h head width, s scale factor.
/// Source: the state dicts of SmolVLMForConditionalGeneration and Qwen3ForCausalLM, transformers 5.12; tensor_mapping.py of gguf-py 0.19
/// and tools/mtmd/clip-impl.h of llama.cpp, which loads a tower with a misspelt name without a word.
/// </summary>
public sealed class NameTable : IReadOnlyList<TensorName>
{
    private const string VisionPrefix = "model.vision_model.";
    private const string ConnectorPrefix = "model.connector.";
    private const string SplicedTextPrefix = "model.text_model.";
    private const string SourceTextPrefix = "model.";
    private const string HeadName = "lm_head.weight";

    /// <summary>In a text model's GGUF file; one without it has its head tied to the embedding.</summary>
    internal const string GgufHeadName = "output.weight";

    private readonly List<TensorName> rows = [];
    private readonly string[] unusedPrefixes;

    private NameTable(params string[] unusedPrefixes) => this.unusedPrefixes = unusedPrefixes;

    public int Count => rows.Count;

    public TensorName this[int index] => rows[index];

    /// <summary>The embedding's row when the head is tied to it: a stored head is then a copy of it. Null when untied.</summary>
    internal TensorName? TiedEmbedding { get; private set; }

    /// <summary>The spliced model: tower, connector, text model, and the head when it is untied.</summary>
    public static NameTable For(ModelConfig config) => Whole(config, headNorms: true);

    /// <summary>A SmolVLM with its own Llama, which has no norms on queries and keys.</summary>
    internal static NameTable SmolVlm(ModelConfig config) => Whole(config, headNorms: false);

    /// <summary>The tower of a SmolVLM folder, whose connector, text model and head are left aside.</summary>
    public static NameTable VisionSource(VisionConfig config)
    {
        var table = new NameTable(ConnectorPrefix, SplicedTextPrefix, HeadName);
        table.AddVision(config);
        return table;
    }

    /// <summary>A Qwen3 folder: text model, and the head when it is untied.</summary>
    public static NameTable TextSource(TextConfig config)
    {
        var table = new NameTable();
        table.AddText(config, SourceTextPrefix, headNorms: true);
        return table;
    }

    /// <summary>The part that a parameter belongs to.</summary>
    public static ModelPart PartOf(TensorName row) => PartOf(row.Ours);

    /// <summary>The same of a name of ours.</summary>
    internal static ModelPart PartOf(string ours) => ours[..(ours.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0 ? dot : ours.Length)] switch
    {
        "vision" => ModelPart.Vision,
        "connector" => ModelPart.Connector,
        "text" => ModelPart.Text,
        _ => ModelPart.Head,
    };

    public IEnumerator<TensorName> GetEnumerator() => rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A stored head that must be a copy of the tied embedding.</summary>
    internal bool IsTiedHead(string huggingFace) => TiedEmbedding is not null && huggingFace == HeadName;

    /// <summary>A tensor that a folder of this kind may hold without its being a parameter of this model.</summary>
    internal bool MayBeUnused(string huggingFace) =>
        huggingFace.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || huggingFace.EndsWith(".embeddings.position_ids", StringComparison.Ordinal)
        || unusedPrefixes.Any(prefix => huggingFace.StartsWith(prefix, StringComparison.Ordinal));

    private static NameTable Whole(ModelConfig config, bool headNorms)
    {
        var table = new NameTable();
        table.AddVision(config.Vision);
        table.rows.Add(new TensorName(
            "connector.weight",
            ConnectorPrefix + "modality_projection.proj.weight",
            "mm.model.fc.weight",
            new Shape(config.Text.HiddenSize, config.ConnectorInputSize)));
        table.AddText(config.Text, SplicedTextPrefix, headNorms);
        return table;
    }

    private void AddVision(VisionConfig config)
    {
        int d = config.HiddenSize;
        Add("vision.patch_embedding.weight", "embeddings.patch_embedding.weight", "patch_embd.weight", d, config.ChannelCount, config.PatchSize, config.PatchSize);
        Add("vision.patch_embedding.bias", "embeddings.patch_embedding.bias", "patch_embd.bias", d);
        Add("vision.position_embedding", "embeddings.position_embedding.weight", "position_embd.weight", config.PatchCount, d);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string ours = $"vision.layers.{i}.";
            string theirs = $"encoder.layers.{i}.";
            string gguf = $"blk.{i}.";
            AddPair(ours + "norm1", theirs + "layer_norm1", gguf + "ln1", d);
            AddPair(ours + "attention.q", theirs + "self_attn.q_proj", gguf + "attn_q", d, d);
            AddPair(ours + "attention.k", theirs + "self_attn.k_proj", gguf + "attn_k", d, d);
            AddPair(ours + "attention.v", theirs + "self_attn.v_proj", gguf + "attn_v", d, d);
            AddPair(ours + "attention.o", theirs + "self_attn.out_proj", gguf + "attn_out", d, d);
            AddPair(ours + "norm2", theirs + "layer_norm2", gguf + "ln2", d);
            AddPair(ours + "mlp.fc1", theirs + "mlp.fc1", gguf + "ffn_up", config.IntermediateSize, d);
            AddPair(ours + "mlp.fc2", theirs + "mlp.fc2", gguf + "ffn_down", d, config.IntermediateSize);
        }

        AddPair("vision.post_norm", "post_layernorm", "post_ln", d);

        void Add(string ours, string theirs, string gguf, params ReadOnlySpan<long> dims) =>
            rows.Add(new TensorName(ours, VisionPrefix + theirs, "v." + gguf, new Shape(dims)));

        // weight and bias, which has one element per output
        void AddPair(string ours, string theirs, string gguf, params ReadOnlySpan<long> dims)
        {
            Add(ours + ".weight", theirs + ".weight", gguf + ".weight", dims);
            Add(ours + ".bias", theirs + ".bias", gguf + ".bias", dims[0]);
        }
    }

    private void AddText(TextConfig config, string prefix, bool headNorms)
    {
        int d = config.HiddenSize;
        int queries = config.HeadCount * config.HeadSize;
        int keys = config.KeyValueHeadCount * config.HeadSize;
        Add("text.embedding", "embed_tokens", "token_embd", config.VocabularySize, d);
        TiedEmbedding = config.TieWordEmbeddings ? rows[^1] : null;
        for (int i = 0; i < config.LayerCount; i++)
        {
            string ours = $"text.layers.{i}.";
            string theirs = $"layers.{i}.";
            string gguf = $"blk.{i}.";
            Add(ours + "input_norm", theirs + "input_layernorm", gguf + "attn_norm", d);
            Add(ours + "attention.q", theirs + "self_attn.q_proj", gguf + "attn_q", queries, d);
            Add(ours + "attention.k", theirs + "self_attn.k_proj", gguf + "attn_k", keys, d);
            Add(ours + "attention.v", theirs + "self_attn.v_proj", gguf + "attn_v", keys, d);
            Add(ours + "attention.o", theirs + "self_attn.o_proj", gguf + "attn_output", d, queries);
            if (headNorms)
            {
                Add(ours + "attention.q_norm", theirs + "self_attn.q_norm", gguf + "attn_q_norm", config.HeadSize);
                Add(ours + "attention.k_norm", theirs + "self_attn.k_norm", gguf + "attn_k_norm", config.HeadSize);
            }

            Add(ours + "post_attention_norm", theirs + "post_attention_layernorm", gguf + "ffn_norm", d);
            Add(ours + "mlp.gate", theirs + "mlp.gate_proj", gguf + "ffn_gate", config.IntermediateSize, d);
            Add(ours + "mlp.up", theirs + "mlp.up_proj", gguf + "ffn_up", config.IntermediateSize, d);
            Add(ours + "mlp.down", theirs + "mlp.down_proj", gguf + "ffn_down", d, config.IntermediateSize);
        }

        Add("text.norm", "norm", "output_norm", d);
        if (!config.TieWordEmbeddings)
        {
            rows.Add(new TensorName("head", HeadName, GgufHeadName, new Shape(config.VocabularySize, d)));
        }

        void Add(string ours, string theirs, string gguf, params ReadOnlySpan<long> dims) =>
            rows.Add(new TensorName(ours, $"{prefix}{theirs}.weight", gguf + ".weight", new Shape(dims)));
    }
}
