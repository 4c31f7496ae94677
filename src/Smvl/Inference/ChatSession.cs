using System.Text;
using Smvl.Images;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Inference;

/// <summary>A finished answer.</summary>
/// <param name="Prompt">what the model read</param>
/// <param name="Tokens">what it wrote, the end token included</param>
/// <param name="Text">the same as text, without special tokens</param>
/// <param name="PromptSeconds">for the prompt, pictures included</param>
/// <param name="GenerationSeconds">for the tokens</param>
public sealed record ChatAnswer(
    Prompt Prompt, IReadOnlyList<GeneratedToken> Tokens, string Text, double PromptSeconds, double GenerationSeconds);

/// <summary>Questions about pictures, asked to an opened model.</summary>
/// <param name="model">who is asked</param>
/// <param name="cacheType">F32, F16 or Q8_0 for keys and values; the model's own choice unless given</param>
public sealed class ChatSession(IChatModel model, DType? cacheType = null)
{
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
    /// <param name="pictures">all pictures of the conversation</param>
    /// <param name="thinking">false: the answer begins behind an empty think block, as in training</param>
    public Prompt Prepare(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> pictures, bool thinking)
    {
        ProcessedImage[] processed = [.. pictures.Select(picture => model.Images.Process(picture))];
        int[] ids = model.Prompts.Chat(messages, [.. processed.Select(p => new ImageGrid(p.Rows, p.Cols))], enableThinking: thinking);
        return new Prompt(ids, [.. processed.Select(p => p.Tiles)], processed.Sum(p => p.TileCount));
    }

    /// <summary>Answers a prepared prompt.</summary>
    /// <param name="prompt">from <see cref="Prepare"/></param>
    /// <param name="sampling">how tokens are chosen</param>
    /// <param name="maxNewTokens">at most so many</param>
    /// <param name="alternatives">likeliest tokens reported with each</param>
    /// <param name="onText">gets the answer piece by piece, never half a character</param>
    /// <param name="cancellation">stops the answer</param>
    public ChatAnswer Answer(
        Prompt prompt, SamplingOptions sampling, int maxNewTokens, int alternatives = 0, Action<string>? onText = null,
        CancellationToken cancellation = default)
    {
        Generator generator = new(model.Model, model.Generation.EosTokenIds, cacheType ?? model.CacheType);
        StreamingDecoder decoder = new(model.Tokenizer);
        var tokens = new List<GeneratedToken>();
        var text = new StringBuilder();
        foreach (GeneratedToken token in generator.Generate(prompt, sampling, maxNewTokens, alternatives, cancellation))
        {
            tokens.Add(token);
            Append(decoder.Append(token.Id));
        }

        Append(decoder.Finish());
        return new ChatAnswer(prompt, tokens, text.ToString(), generator.PromptSeconds, generator.GenerationSeconds);

        void Append(string piece)
        {
            text.Append(piece);
            if (piece.Length > 0)
            {
                onText?.Invoke(piece);
            }
        }
    }
}
