using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Smvl.Models;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Smvl.Inference;

/// <summary>
/// An opened model as <see cref="IChatClient"/>. A call hands over the whole conversation, as the interface has it; what one call read
/// is not read again by the next. Calls from several threads are answered one after the other.
/// Honoured: Instructions, Temperature, TopP, TopK, Seed (without one a sampled answer is another each time), MaxOutputTokens,
/// StopSequences. Refused with <see cref="NotSupportedException"/>: tools, JSON as response format, frequency and presence penalties,
/// conversation ids and continuation tokens, contents other than text and pictures. Ignored: ModelId, Reasoning (answers begin behind an
/// empty think block), background responses and additional properties, which are wishes by their nature.
/// </summary>
public sealed class SmvlChatClient : IChatClient
{
    /// <summary>Most tokens of an answer where a call does not say, as far as the context has room.</summary>
    public const int DefaultMaxOutputTokens = 1024;

    private const string Provider = "smvl";

    private readonly IChatModel model;
    private readonly ChatSession session;
    private readonly AnswerThread thread = new();
    private readonly ChatClientPictures pictures = new();
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly ChatClientMetadata metadata;

    /// <param name="model">stays its owner's, and open as long as this is used</param>
    /// <param name="modelId">what responses call it; null for no name</param>
    public SmvlChatClient(IChatModel model, string? modelId = null)
    {
        this.model = model;
        session = new ChatSession(model);
        metadata = new ChatClientMetadata(Provider, defaultModelId: modelId);
    }

    /// <summary>Pictures that went through the vision tower so far.</summary>
    internal int Encodings => session.Encodings;

    /// <exception cref="NotSupportedException">something is asked for that this client cannot do</exception>
    /// <exception cref="SmvlException">a picture that cannot be read, a text with special tokens, or no room in the context</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        CheckSupported(options);
        string id = Guid.NewGuid().ToString("N");
        ChatAnswer? answer = null;
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            IAsyncEnumerable<string> pieces = AnswerStream.Of(
                thread, (onText, stop) => Answer(messages, options, onText, stop), finished => answer = finished, cancellationToken);
            await foreach (string piece in pieces.ConfigureAwait(false))
            {
                yield return Update([new TextContent(piece)]);
            }
        }
        finally
        {
            gate.Release();
        }

        ChatResponseUpdate last = Update([new UsageContent(UsageOf(answer!))]);
        last.FinishReason = answer!.End == AnswerEnd.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;
        yield return last;

        ChatResponseUpdate Update(IList<AIContent> contents) => new(ChatRole.Assistant, contents)
        {
            ResponseId = id,
            MessageId = id,
            ModelId = metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
        };
    }

    /// <summary>This client, its metadata, or the model behind it.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : ((object[])[this, metadata, model]).FirstOrDefault(serviceType.IsInstanceOfType);
    }

    /// <summary>Frees what was read; the model stays.</summary>
    public void Dispose()
    {
        thread.Dispose();
        session.Dispose();
        pictures.Dispose();
        gate.Dispose();
    }

    private ChatAnswer Answer(IEnumerable<ChatMessage> messages, ChatOptions? options, Action<string> onText, CancellationToken cancellation)
    {
        ChatClientMessages read = ChatClientMessages.Read(messages, options?.Instructions, pictures);
        Prompt prompt = session.Prepare(read.Messages, read.Pictures, thinking: false);
        int room = Math.Max(1, session.ContextLength - prompt.Ids.Length);
        return session.Answer(
            prompt, SamplingOf(options), options?.MaxOutputTokens ?? Math.Min(DefaultMaxOutputTokens, room), onText: onText,
            stopSequences: options?.StopSequences is { } stops ? [.. stops] : [], cancellation: cancellation);
    }

    private SamplingOptions SamplingOf(ChatOptions? options)
    {
        SamplingOptions defaults = ChatSession.Defaults(model.Generation);
        return defaults with
        {
            Temperature = options?.Temperature ?? defaults.Temperature,
            TopK = options?.TopK ?? defaults.TopK,
            TopP = options?.TopP ?? defaults.TopP,
            Seed = options?.Seed ?? Random.Shared.NextInt64(),
        };
    }

    private static UsageDetails UsageOf(ChatAnswer answer) => new()
    {
        InputTokenCount = answer.Prompt.Ids.Length,
        OutputTokenCount = answer.Tokens.Count,
        TotalTokenCount = answer.Prompt.Ids.Length + answer.Tokens.Count,
        CachedInputTokenCount = answer.CachedTokens,
    };

    private static void CheckSupported(ChatOptions? options)
    {
        string? unsupported =
            options is null ? null
            : options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode ? "tools"
            : options.ResponseFormat is ChatResponseFormatJson ? "JSON as response format"
            : options.FrequencyPenalty is not null and not 0 || options.PresencePenalty is not null and not 0 ? "frequency and presence penalties"
            : options.ConversationId is not null ? "conversation ids: each call hands over the whole conversation"
            : options.ContinuationToken is not null ? "continuation tokens"
            : options.MaxOutputTokens < 1 ? "answers of no tokens"
            : null;
        if (unsupported is not null)
        {
            throw new NotSupportedException($"{nameof(SmvlChatClient)} does not support {unsupported}");
        }
    }
}
