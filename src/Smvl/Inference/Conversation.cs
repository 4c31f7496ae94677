using System.Text;
using Smvl.Images;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Inference;

/// <summary>How the answers of a conversation are made.</summary>
public sealed record ConversationOptions
{
    /// <summary>A system message; null for none.</summary>
    public string? System { get; init; }

    /// <summary>False: answers begin behind an empty think block, as in training.</summary>
    public bool Thinking { get; init; }

    /// <summary>How tokens are chosen; null for the model's own settings.</summary>
    public SamplingOptions? Sampling { get; init; }

    /// <summary>Most tokens of an answer.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>An answer ends before the first of these.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];
}

/// <summary>
/// Question after question, each with what was said before it. An answer that is stopped counts as far as it got; a question that is
/// refused was never asked. One question at a time.
/// </summary>
public sealed class Conversation(IChatModel model, ConversationOptions? options = null) : IDisposable
{
    private readonly ConversationOptions options = options ?? new();
    private readonly ChatSession session = new(model);
    private readonly AnswerThread thread = new();
    private readonly List<RgbImage> pictures = [];
    private readonly List<ChatMessage> messages = options?.System is { } system ? [ChatMessage.FromText("system", system)] : [];

    /// <summary>What was said.</summary>
    public IReadOnlyList<ChatMessage> Messages => messages;

    /// <param name="question">text without special tokens</param>
    /// <param name="about">pictures that stand before the question; the conversation goes on about them, and they must stay undisposed</param>
    /// <param name="onText">gets the answer piece by piece, never half a character</param>
    /// <param name="alternatives">likeliest tokens reported with each</param>
    /// <param name="cancellation">stops the answer, by an exception</param>
    /// <exception cref="SmvlException">the question holds a special token, or there is no room for it</exception>
    public ChatAnswer Ask(
        string question, IReadOnlyList<RgbImage>? about = null, Action<string>? onText = null, int alternatives = 0,
        CancellationToken cancellation = default)
    {
        (int messageCount, int pictureCount) = (messages.Count, pictures.Count);
        var written = new StringBuilder();
        messages.Add(new ChatMessage("user", [.. (about ?? []).Select(_ => ContentPart.Image), new ContentPart(question)]));
        pictures.AddRange(about ?? []);
        try
        {
            Prompt prompt = session.Prepare(messages, pictures, options.Thinking);
            ChatAnswer answer = session.Answer(
                prompt, options.Sampling ?? ChatSession.Defaults(model.Generation), options.MaxNewTokens, alternatives, Write,
                options.StopSequences, cancellation);
            messages.Add(ChatMessage.FromText("assistant", answer.Text));
            return answer;
        }
        catch (OperationCanceledException)
        {
            messages.Add(ChatMessage.FromText("assistant", written.ToString()));
            throw;
        }
        catch
        {
            messages.RemoveRange(messageCount, messages.Count - messageCount);
            pictures.RemoveRange(pictureCount, pictures.Count - pictureCount);
            throw;
        }

        void Write(string piece)
        {
            written.Append(piece);
            onText?.Invoke(piece);
        }
    }

    /// <summary>The same, computed on a thread of its own: the answer's pieces as they come. Leaving the enumeration stops the answer.</summary>
    public IAsyncEnumerable<string> AskAsync(
        string question, IReadOnlyList<RgbImage>? about = null, CancellationToken cancellation = default) =>
        AnswerStream.Of(thread, (onText, stop) => Ask(question, about, onText, cancellation: stop), cancellation: cancellation);

    /// <summary>Frees what was read; the model stays.</summary>
    public void Dispose()
    {
        thread.Dispose();
        session.Dispose();
    }
}
