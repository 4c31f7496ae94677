using Microsoft.Extensions.AI;
using Smvl.Images;
using Smvl.Text;
using ChatMessage = Smvl.Text.ChatMessage;

namespace Smvl.Inference;

/// <summary>Messages of Microsoft.Extensions.AI as ours.</summary>
/// <param name="Messages">image parts stand for the pictures, in order</param>
/// <param name="Pictures">decoded; they belong to whoever decoded them</param>
internal sealed record ChatClientMessages(IReadOnlyList<ChatMessage> Messages, IReadOnlyList<RgbImage> Pictures)
{
    private const string DataScheme = "data", System = "system";

    /// <param name="messages">of the roles system, user and assistant, with texts and pictures</param>
    /// <param name="instructions">follow what the system message says; null for none</param>
    /// <param name="pictures">decodes the pictures</param>
    /// <exception cref="NotSupportedException">another role, or another content</exception>
    /// <exception cref="SmvlException">a picture that cannot be read</exception>
    public static ChatClientMessages Read(
        IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, string? instructions, ChatClientPictures pictures)
    {
        var files = new List<(ReadOnlyMemory<byte> File, string Name)>();
        List<ChatMessage> read = [.. messages.Select(message => ReadMessage(message, files))];
        if (!string.IsNullOrEmpty(instructions))
        {
            ContentPart part = new(instructions);
            if (read is [{ Role: System } first, ..])
            {
                read[0] = new ChatMessage(System, [.. first.Content, new ContentPart("\n"), part]);
            }
            else
            {
                read.Insert(0, new ChatMessage(System, part));
            }
        }

        return new ChatClientMessages(read, pictures.Decode(files));
    }

    private static ChatMessage ReadMessage(Microsoft.Extensions.AI.ChatMessage message, List<(ReadOnlyMemory<byte> File, string Name)> files)
    {
        string role = message.Role == ChatRole.System || message.Role == ChatRole.User || message.Role == ChatRole.Assistant
            ? message.Role.Value
            : throw new NotSupportedException($"messages of the role {message.Role} are not supported");
        var parts = new List<ContentPart>();
        var thoughts = new List<string>();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextReasoningContent thought:
                    thoughts.Add(thought.Text);
                    break;
                case TextContent text:
                    parts.Add(new ContentPart(text.Text));
                    break;
                case UsageContent:
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"):
                    files.Add((data.Data, data.Name ?? "picture"));
                    parts.Add(ContentPart.Image);
                    break;
                case UriContent uri when uri.HasTopLevelMediaType("image"):
                    files.Add((ReadUri(uri), uri.Uri.Scheme == DataScheme ? "picture" : uri.Uri.LocalPath));
                    parts.Add(ContentPart.Image);
                    break;
                default:
                    throw new NotSupportedException($"{content.GetType().Name} is not supported, only texts and pictures");
            }
        }

        return new ChatMessage(role, parts) { ReasoningContent = thoughts.Count == 0 ? null : string.Concat(thoughts) };
    }

    private static ReadOnlyMemory<byte> ReadUri(UriContent content)
    {
        if (content.Uri.Scheme == DataScheme)
        {
            return new DataContent(content.Uri, content.MediaType).Data;
        }

        if (!content.Uri.IsFile)
        {
            throw new NotSupportedException($"pictures are not fetched by {content.Uri.Scheme}: hand over the data, or a file");
        }

        return ImageDecoder.ReadFile(content.Uri.LocalPath);
    }
}
