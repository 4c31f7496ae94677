using System.Text;
using System.Text.Json;
using Smvl.Data;

namespace Smvl.Text;

/// <summary>
/// Conversations and training samples as token ids. Chat and training meet here: both are the text of
/// <see cref="ChatTemplate"/>, in which each picture is <see cref="ImageLayout.Image"/> and a line break, expanded by the layout.
/// A message's own text may hold no special token: it could open a turn, or stand for image rows that no picture fills.
/// </summary>
public sealed class PromptBuilder
{
    /// <summary>The label of positions that no loss is computed for.</summary>
    public const int IgnoredLabel = Data.Batch.Ignored;

    private readonly BpeTokenizer tokenizer;
    private readonly ImageLayout layout;
    private readonly int rowsPerTile;
    private readonly int padTokenId;
    private readonly ChatFormat format;

    /// <param name="tokenizer">the text model's</param>
    /// <param name="layout">the strings around image rows</param>
    /// <param name="rowsPerTile">image rows of a tile: <c>image_seq_len</c> in processor_config.json</param>
    /// <param name="padTokenId">the model's padding token, which has no label</param>
    /// <param name="format">of conversations; null for that of checkpoint folders</param>
    /// <exception cref="SmvlException">The tokenizer has no <see cref="ImageLayout.Image"/>.</exception>
    public PromptBuilder(BpeTokenizer tokenizer, ImageLayout layout, int rowsPerTile, int padTokenId, ChatFormat? format = null)
    {
        this.tokenizer = tokenizer;
        this.layout = layout;
        this.rowsPerTile = rowsPerTile;
        this.padTokenId = padTokenId;
        this.format = format ?? ChatFormat.Folder;
        ImageTokenId = tokenizer.AddedTokens.FirstOrDefault(token => token.Content == ImageLayout.Image)?.Id
            ?? throw new SmvlException(
                $"the tokenizer has no token {ImageLayout.Image}", "added tokens", hint: "a Qwen2 or Qwen3 tokenizer has it");
    }

    /// <summary>The id that stands for one image row.</summary>
    public int ImageTokenId { get; }

    /// <summary>A conversation, up to the opened turn of the assistant.</summary>
    /// <param name="messages">the conversation</param>
    /// <param name="grids">how its pictures were cut, in their order</param>
    /// <param name="enableThinking">see <see cref="ChatTemplate.Render"/>; without effect where the format has no think blocks</param>
    /// <param name="tools">see <see cref="ChatTemplate.Render"/></param>
    /// <exception cref="SmvlException">Pictures and placeholders differ in number, a text holds a special token, or a message is malformed.</exception>
    public int[] Chat(
        IReadOnlyList<ChatMessage> messages, IReadOnlyList<ImageGrid> grids, bool? enableThinking = null, JsonElement? tools = null)
    {
        Refuse(messages, tools);
        string text = ChatTemplate.Render(messages, addGenerationPrompt: true, format.ThinkBlocks ? enableThinking : null, tools);
        if (!format.BreakBehindPicture)
        {
            text = text.Replace(ImageLayout.Image + "\n", ImageLayout.Image, StringComparison.Ordinal);
        }

        return tokenizer.Encode(Expand(text, grids));
    }

    /// <summary>What stands behind <see cref="Chat"/> without thinking: the answer's tokens and the one that ends the turn.</summary>
    /// <param name="text">the assistant's text; line breaks before it are dropped, as in <see cref="TrySample"/></param>
    /// <exception cref="SmvlException">The text holds a special token.</exception>
    public int[] Answer(string text)
    {
        Refuse(text, "assistant message");
        return tokenizer.Encode(text.TrimStart('\n') + QwenTokens.MessageEnd);
    }

    /// <summary>
    /// One training sample: the pictures, each followed by a line break, and the question in the user's turn; an empty think block
    /// and the answer in the assistant's. Further turns stand behind it in the same form: every answer has the think block before it
    /// that it will be asked for with. Padding and image rows never have a label.
    /// </summary>
    /// <param name="turns">at least one; line breaks before an answer are dropped and a think block in it is thoughts, as in chat</param>
    /// <param name="grids">how the pictures were cut, in their order; they stand in the first turn</param>
    /// <param name="rules">how long it may be (what is longer is cut behind its pictures), and what has a label</param>
    /// <param name="sample">the sample; uncut where this returns false</param>
    /// <returns>false where the cut would go through the image rows: the caller shrinks the grids or leaves the sample out</returns>
    /// <exception cref="SmvlException">A text holds a special token.</exception>
    public bool TrySample(IReadOnlyList<QuestionAnswer> turns, IReadOnlyList<ImageGrid> grids, SampleRules rules, out TrainingText sample)
    {
        List<(int[] Ids, bool Labelled)> pieces = [];
        for (int i = 0; i < turns.Count; i++)
        {
            IReadOnlyList<ImageGrid> here = i == 0 ? grids : [];
            (string prompt, string answer) = Turn(turns[i], here);
            pieces.Add((tokenizer.Encode(Expand(prompt, here)), rules.LossOn == LossOn.All));
            pieces.Add((tokenizer.Encode(answer), true));
            pieces.Add((tokenizer.Encode("\n"), rules.LossOn == LossOn.All));
        }

        int imageEnd = Array.LastIndexOf(pieces[0].Ids, ImageTokenId) + 1;
        bool fits = imageEnd <= rules.MaxLength;
        int all = pieces.Sum(piece => piece.Ids.Length), cut = fits ? Math.Max(0, all - rules.MaxLength) : 0;
        int[] ids = new int[all - cut], labels = new int[all - cut];
        int start = 0;
        foreach ((int[] piece, bool labelled) in pieces)
        {
            for (int t = 0; t < piece.Length && start + t < ids.Length; t++)
            {
                int id = piece[t];
                ids[start + t] = id;
                labels[start + t] = !labelled || id == padTokenId || id == ImageTokenId ? IgnoredLabel : id;
            }

            start += piece.Length;
        }

        sample = new TrainingText(ids, labels, imageEnd, cut);
        return fits;
    }

    /// <summary>Tokens that stand around the image rows of one picture, as they are alone.</summary>
    internal int LayoutTokens(ImageGrid grid) => tokenizer.Encode(layout.Expand(grid, rowsPerTile)).Count(id => id != ImageTokenId);

    /// <summary>A rendered conversation with its image placeholders expanded.</summary>
    /// <param name="text">one <see cref="ImageLayout.Image"/> for each picture</param>
    /// <param name="grids">how the pictures were cut, in their order</param>
    /// <exception cref="SmvlException">Pictures and placeholders differ in number.</exception>
    public string Expand(string text, IReadOnlyList<ImageGrid> grids)
    {
        string[] pieces = text.Split(ImageLayout.Image);
        if (pieces.Length - 1 != grids.Count)
        {
            throw new SmvlException(
                "the prompt's placeholders and the pictures differ in number",
                "prompt",
                $"{pieces.Length - 1} pictures",
                $"{grids.Count} pictures",
                "give one picture for each placeholder");
        }

        var expanded = new StringBuilder(pieces[0]);
        for (int i = 0; i < grids.Count; i++)
        {
            expanded.Append(layout.Expand(grids[i], rowsPerTile)).Append(pieces[i + 1]);
        }

        return expanded.ToString();
    }

    /// <summary>
    /// A turn's text up to where the assistant's begins, and that with its end token. No token reaches over that place: an added token
    /// stands behind it.
    /// </summary>
    private (string Prompt, string Answer) Turn(QuestionAnswer turn, IReadOnlyList<ImageGrid> grids)
    {
        ChatMessage user = new("user", [.. grids.Select(_ => ContentPart.Image), new ContentPart(turn.Question)]);
        ChatMessage[] both = [user, ChatMessage.FromText("assistant", turn.Answer)];
        Refuse(both, tools: null);
        string whole = ChatTemplate.Render(both, addGenerationPrompt: false)[..^1], asked = ChatTemplate.Render([user], addGenerationPrompt: true);
        return (asked, whole[asked.Length..]);
    }

    private void Refuse(IReadOnlyList<ChatMessage> messages, JsonElement? tools)
    {
        foreach (ChatMessage message in messages)
        {
            // Parts meet without a gap, so that a token may not be put together from two of them either.
            Refuse(string.Concat(message.Content.Select(part => part.Text ?? "\n")), $"{message.Role} message");
            Refuse(message.ReasoningContent ?? "", $"{message.Role} message, reasoning_content");
            Refuse(message.ToolCalls is { } calls ? PythonJson.Write(calls) : "", $"{message.Role} message, tool_calls");
        }

        Refuse(tools is { } list ? PythonJson.Write(list) : "", "tools");
    }

    private void Refuse(string text, string where)
    {
        AddedToken? found = tokenizer.AddedTokens.FirstOrDefault(token => token.Special && text.Contains(token.Content, StringComparison.Ordinal));
        if (found is not null)
        {
            throw new SmvlException("the text holds a special token", where, "plain text", found.Content, "remove it, or write it another way");
        }
    }
}
