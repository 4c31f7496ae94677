using System.Text.Json;

namespace Smvl.Text;

/// <summary>A piece of a message: text, or a picture, whose pixels travel apart in the same order.</summary>
/// <param name="Text">the text; null for a picture</param>
public readonly record struct ContentPart(string? Text)
{
    public static ContentPart Image => new(null);

    public bool IsImage => Text is null;
}

/// <summary>One message of a conversation, as chat templates take it.</summary>
public sealed record ChatMessage
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    /// <exception cref="SmvlException">The role is none of system, user, assistant, tool.</exception>
    public ChatMessage(string role, params IReadOnlyList<ContentPart> content)
    {
        if (!Roles.Contains(role))
        {
            throw new SmvlException("unknown role", "message", string.Join(", ", Roles), $"'{role}'");
        }

        Role = role;
        Content = content;
    }

    public string Role { get; }

    public IReadOnlyList<ContentPart> Content { get; }

    /// <summary>What the assistant thought; null where it is not given apart from the content.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>An array of calls, each <c>{"function": {"name", "arguments"}}</c> or <c>{"name", "arguments"}</c>; null for none.</summary>
    public JsonElement? ToolCalls { get; init; }

    public static ChatMessage FromText(string role, string text) => new(role, new ContentPart(text));

    /// <summary>
    /// A message in the JSON of transformers' chat templates: <c>role</c>, <c>content</c> (a string, null, or parts of the types
    /// text and image), <c>reasoning_content</c>, <c>tool_calls</c>. The elements must outlive the message.
    /// </summary>
    /// <exception cref="SmvlException">A key is missing or of another kind.</exception>
    public static ChatMessage FromJson(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new SmvlException("a message is no object", "messages", actual: json.GetRawText());
        }

        return new ChatMessage(Text(json, "role") ?? throw Missing(json, "role"), ReadContent(json))
        {
            ReasoningContent = Text(json, "reasoning_content"),
            ToolCalls = json.TryGetProperty("tool_calls", out JsonElement calls) && calls.ValueKind != JsonValueKind.Null
                ? calls
                : null,
        };
    }

    private static ContentPart[] ReadContent(JsonElement json)
    {
        if (!json.TryGetProperty("content", out JsonElement content) || content.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return content.ValueKind == JsonValueKind.Array
            ? [.. content.EnumerateArray().Select(ReadPart)]
            : [new ContentPart(Text(json, "content"))];
    }

    private static ContentPart ReadPart(JsonElement part) =>
        part.ValueKind != JsonValueKind.Object ? throw new SmvlException("a content part is no object", "message", actual: part.GetRawText())
        : Text(part, "type") switch
        {
            "text" => new ContentPart(Text(part, "text") ?? throw Missing(part, "text")),
            "image" => ContentPart.Image,
            var type => throw new SmvlException("unknown content part", "message", "type text or image", type ?? "no type"),
        };

    private static string? Text(JsonElement json, string key) =>
        !json.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new SmvlException($"{key} is no string", "message", actual: value.GetRawText());

    private static SmvlException Missing(JsonElement json, string key) =>
        new($"{key} is missing", "message", actual: json.GetRawText());
}
