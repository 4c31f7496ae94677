using System.Text;
using Smvl.Images;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Inference;

/// <summary>Why an answer ended.</summary>
public enum AnswerEnd
{
    /// <summary>The model wrote an end token, or a stop sequence.</summary>
    Stop,

    /// <summary>It reached the most tokens it may have.</summary>
    Length,
}

/// <summary>A finished answer.</summary>
/// <param name="Prompt">what the model read</param>
/// <param name="Tokens">what it wrote, the end token included</param>
/// <param name="Text">the same as text, without special tokens, up to a stop sequence</param>
/// <param name="End">why it ended</param>
/// <param name="CachedTokens">tokens of the prompt that had been read before</param>
/// <param name="PromptSeconds">for the prompt, pictures included</param>
/// <param name="GenerationSeconds">for the tokens</param>
public sealed record ChatAnswer(
    Prompt Prompt, IReadOnlyList<GeneratedToken> Tokens, string Text, AnswerEnd End, int CachedTokens, double PromptSeconds,
    double GenerationSeconds);

/// <summary>
/// Questions about pictures, asked to an opened model. What has been read stays: of the next prompt only what follows the longest common
/// beginning is run, and no picture is encoded twice. Not safe for use from several threads at once.
/// </summary>
public sealed class ChatSession(IChatModel model) : IDisposable
{
    private readonly SessionLimits limits = model.Limits;
    private readonly PromptCache cache = new(model.Model, model.Limits);
    private (RgbImage Picture, ProcessedImage Processed)[] prepared = [];

    /// <summary>Most tokens that a prompt and its answer may have together.</summary>
    public int ContextLength => cache.ContextLength;

    /// <summary>Pictures that went through the vision tower so far.</summary>
    internal int Encodings => cache.Encodings;

    /// <summary>Sampling as the model's generation settings say; greedy when it does not sample.</summary>
    public static SamplingOptions Defaults(GenerationConfig config) => new()
    {
        Temperature = config.DoSample ? config.Temperature : 0,
        TopK = config.DoSample ? config.TopK : 0,
        TopP = config.DoSample ? config.TopP : 1,
        RepetitionPenalty = config.RepetitionPenalty,
    };

    /// <summary>The conversation as ids and tiles.</summary>
    /// <param name="messages">image parts stand for the pictures, in order</param>
    /// <param name="pictures">all pictures of the conversation; those that the last call had are not cut into tiles again</param>
    /// <param name="thinking">false: the answer begins behind an empty think block, as in training</param>
    public Prompt Prepare(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> pictures, bool thinking)
    {
        prepared = [.. pictures.Select(picture => (picture, Processed(picture)))];
        ProcessedImage[] processed = [.. prepared.Select(p => p.Processed)];
        int[] ids = model.Prompts.Chat(messages, [.. processed.Select(p => new ImageGrid(p.Rows, p.Cols))], enableThinking: thinking);
        return new Prompt(ids, [.. processed.Select(p => p.Tiles)], processed.Sum(p => p.TileCount));
    }

    /// <summary>Answers a prepared prompt.</summary>
    /// <param name="prompt">from <see cref="Prepare"/></param>
    /// <param name="sampling">how tokens are chosen</param>
    /// <param name="maxNewTokens">at most so many</param>
    /// <param name="alternatives">likeliest tokens reported with each</param>
    /// <param name="onText">gets the answer piece by piece, never half a character</param>
    /// <param name="stopSequences">the answer ends before the first of these</param>
    /// <param name="cancellation">stops the answer, by an exception; the session goes on from what it has read</param>
    public ChatAnswer Answer(
        Prompt prompt, SamplingOptions sampling, int maxNewTokens, int alternatives = 0, Action<string>? onText = null,
        IReadOnlyList<string>? stopSequences = null, CancellationToken cancellation = default)
    {
        Generator generator = new(model.Model, model.Generation.EosTokenIds);
        StreamingDecoder decoder = new(model.Tokenizer);
        StopSequences stops = new(stopSequences ?? []);
        var tokens = new List<GeneratedToken>();
        var text = new StringBuilder();
        foreach (GeneratedToken token in generator.Generate(prompt, cache, sampling, maxNewTokens, alternatives, cancellation))
        {
            tokens.Add(token);
            Write(stops.Append(decoder.Append(token.Id)));
            if (stops.Found)
            {
                break;
            }
        }

        if (!stops.Found)
        {
            Write(stops.Append(decoder.Finish()));
            Write(stops.Finish());
        }

        AnswerEnd end = stops.Found || model.Generation.EosTokenIds.Contains(tokens[^1].Id) ? AnswerEnd.Stop : AnswerEnd.Length;
        return new ChatAnswer(prompt, tokens, text.ToString(), end, cache.Reused, generator.PromptSeconds, generator.GenerationSeconds);

        void Write(string piece)
        {
            text.Append(piece);
            if (piece.Length > 0)
            {
                onText?.Invoke(piece);
            }
        }
    }

    /// <summary>Frees what was read; the model stays.</summary>
    public void Dispose() => cache.Dispose();

    private ProcessedImage Processed(RgbImage picture) =>
        prepared.FirstOrDefault(p => ReferenceEquals(p.Picture, picture)).Processed ?? model.Images.Process(picture, limits.MaxTiles);
}
