namespace Smvl.Text;

/// <summary>Qwen3's added tokens: what the published tokenizer_config.json lists behind the 151,643 byte-pair tokens.</summary>
public static class QwenTokens
{
    public const string EndOfText = "<|endoftext|>", MessageStart = "<|im_start|>", MessageEnd = "<|im_end|>";
    public const string VisionStart = "<|vision_start|>", VisionPad = "<|vision_pad|>", ImagePad = "<|image_pad|>";

    /// <summary>The first added token's id in the published tokenizer.</summary>
    public const int PublishedFirstId = 151643;

    private static readonly string[] Special =
    [
        EndOfText, MessageStart, MessageEnd, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
        "<|quad_start|>", "<|quad_end|>", VisionStart, "<|vision_end|>", VisionPad, ImagePad, "<|video_pad|>",
    ];

    private static readonly string[] Plain =
    [
        "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
        "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
    ];

    /// <summary>The 26 tokens with consecutive ids, in the published order.</summary>
    public static IReadOnlyList<AddedToken> From(int firstId) =>
        [.. Special.Concat(Plain).Select((content, index) => new AddedToken(firstId + index, content, index < Special.Length))];
}
