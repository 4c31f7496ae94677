namespace Smvl.Formats.Gguf;

/// <summary>
/// The keys of a text model's file and of its mmproj file (the vision tower and the connector), as llama.cpp looks them up: written by
/// the export, read by the chat, and spelled nowhere else.
/// Source: gguf-py constants.py; llama.cpp src/llama-arch.cpp and tools/mtmd/clip-impl.h.
/// </summary>
internal static class GgufKeys
{
    public const string Architecture = "general.architecture";
    public const string Type = "general.type";
    public const string Name = "general.name";
    public const string FileType = "general.file_type";
    public const string QuantizationVersion = "general.quantization_version";
    public const string Alignment = "general.alignment";

    /// <summary>The layout of blocks that <see cref="QuantizationVersion"/> stands for.</summary>
    public const int CurrentQuantizationVersion = 2;

    /// <summary>The text model.</summary>
    public static class Text
    {
        public const string Architecture = "qwen3";
        public const string Type = "model";
        public const string BlockCount = "qwen3.block_count";
        public const string ContextLength = "qwen3.context_length";
        public const string EmbeddingLength = "qwen3.embedding_length";
        public const string FeedForwardLength = "qwen3.feed_forward_length";
        public const string HeadCount = "qwen3.attention.head_count";
        public const string KeyValueHeadCount = "qwen3.attention.head_count_kv";
        public const string KeyLength = "qwen3.attention.key_length";
        public const string ValueLength = "qwen3.attention.value_length";
        public const string RmsNormEpsilon = "qwen3.attention.layer_norm_rms_epsilon";
        public const string RopeBase = "qwen3.rope.freq_base";
        public const string VocabularySize = "qwen3.vocab_size";
    }

    /// <summary>The tokenizer, in the text model's file.</summary>
    public static class Tokenizer
    {
        public const string Model = "tokenizer.ggml.model";

        /// <summary>Byte-level BPE.</summary>
        public const string BytePairs = "gpt2";

        public const string PreTokenizer = "tokenizer.ggml.pre";

        /// <summary>Qwen's splitting into words, <see cref="Smvl.Text.QwenSplit"/>.</summary>
        public const string QwenPreTokenizer = "qwen2";

        public const string Tokens = "tokenizer.ggml.tokens";
        public const string TokenTypes = "tokenizer.ggml.token_type";
        public const string Merges = "tokenizer.ggml.merges";
        public const string BosTokenId = "tokenizer.ggml.bos_token_id";
        public const string EosTokenId = "tokenizer.ggml.eos_token_id";
        public const string PaddingTokenId = "tokenizer.ggml.padding_token_id";
        public const string AddBosToken = "tokenizer.ggml.add_bos_token";
        public const string ChatTemplate = "tokenizer.chat_template";
    }

    /// <summary>The mmproj file.</summary>
    public static class Projector
    {
        public const string Architecture = "clip";
        public const string Type = "mmproj";
        public const string HasVisionEncoder = "clip.has_vision_encoder";
        public const string ProjectorType = "clip.projector_type";

        /// <summary>Pixel shuffle and one matrix: Idefics3's connector, which SmolVLM has.</summary>
        public const string Idefics3 = "idefics3";

        public const string UseGelu = "clip.use_gelu";
        public const string EmbeddingLength = "clip.vision.embedding_length";
        public const string FeedForwardLength = "clip.vision.feed_forward_length";
        public const string BlockCount = "clip.vision.block_count";
        public const string HeadCount = "clip.vision.attention.head_count";
        public const string LayerNormEpsilon = "clip.vision.attention.layer_norm_epsilon";
        public const string ProjectionDimension = "clip.vision.projection_dim";
        public const string ImageSize = "clip.vision.image_size";
        public const string PatchSize = "clip.vision.patch_size";
        public const string ImageMean = "clip.vision.image_mean";
        public const string ImageStd = "clip.vision.image_std";
        public const string ScaleFactor = "clip.vision.projector.scale_factor";

        /// <summary>The longest edge that a picture is brought to before it is cut; left out: cut as large as it is.</summary>
        public const string LongestEdge = "clip.vision.preproc_image_size";
    }
}
