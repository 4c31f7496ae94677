namespace Smvl.Text;

/// <summary>What differs between the chat templates that <see cref="ChatTemplate"/> serves.</summary>
/// <param name="ThinkBlocks">whether an empty think block may stand before the answer, as Qwen3's template has it</param>
/// <param name="BreakBehindPicture">whether a line break follows each picture, as in training</param>
public sealed record ChatFormat(bool ThinkBlocks, bool BreakBehindPicture)
{
    /// <summary>What checkpoint folders carry: <see cref="ChatTemplate.Jinja"/>.</summary>
    public static ChatFormat Folder { get; } = new(ThinkBlocks: true, BreakBehindPicture: true);

    /// <summary>
    /// The format of a GGUF file's template, run as llama.cpp's tools run it: they put a picture right before the question. Of Jinja
    /// only what tells the formats apart is looked at: the marks of the turns, and Qwen3's switch.
    /// </summary>
    /// <param name="template"><c>tokenizer.chat_template</c>; null where there is none, which llama.cpp takes for ChatML</param>
    /// <param name="where">the file, for errors</param>
    /// <exception cref="SmvlException">turns are marked in another way</exception>
    public static ChatFormat OfGguf(string? template, string where) =>
        template is null || template.Contains(QwenTokens.MessageStart, StringComparison.Ordinal)
            ? new ChatFormat(template?.Contains("enable_thinking", StringComparison.Ordinal) == true, BreakBehindPicture: false)
            : throw new SmvlException(
                "the chat template is not of Qwen's kind", where, $"turns that begin with {QwenTokens.MessageStart}",
                template.Length <= 60 ? template : template[..60] + "…", "only ChatML and Qwen3's template are rendered");
}
