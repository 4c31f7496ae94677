using System.Text;
using System.Text.Json;

namespace Smvl.Text;

/// <summary>
/// Qwen3's chat format, with pictures as parts of a message: a conversation as the text the model reads. A picture becomes one
/// <c>&lt;|image_pad|&gt;</c> and a line break, which <see cref="PromptBuilder"/> expands. <see cref="Jinja"/> renders the same.
/// Text is taken as it stands, control tokens in it included: <see cref="PromptBuilder"/> is what refuses them.
/// </summary>
public static class ChatTemplate
{
    /// <summary>What stands before an answer without thoughts.</summary>
    internal const string NoThoughts = $"{ThinkStart}\n\n{ThinkEnd}\n\n";

    private const string ThinkStart = "<think>", ThinkEnd = "</think>";

    private const string ToolsHead = """
        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>
        """;

    private const string ToolsTail = """

        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call>
        """;

    /// <summary>Where transformers looks for <see cref="Jinja"/> in a checkpoint folder.</summary>
    public const string FileName = "chat_template.jinja";

    /// <summary>What a checkpoint carries as <see cref="FileName"/>, for transformers and llama.cpp.</summary>
    public static string Jinja { get; } = ReadJinja();

    /// <param name="messages">the conversation, at least one message</param>
    /// <param name="addGenerationPrompt">whether the assistant's turn is opened at the end</param>
    /// <param name="enableThinking">false opens that turn with an empty think block; true or null leaves thinking to the model</param>
    /// <param name="tools">an array of function descriptions; null or empty for none</param>
    /// <exception cref="SmvlException">No message, tools or tool calls of the wrong kind.</exception>
    public static string Render(
        IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, bool? enableThinking = null, JsonElement? tools = null)
    {
        if (messages.Count == 0)
        {
            throw new SmvlException("the conversation is empty", expected: "at least one message");
        }

        var prompt = new StringBuilder();
        string? system = messages[0].Role == "system" ? Text(messages[0]) : null;
        string? toolText = tools is { } list ? DescribeTools(list) : null;
        if (system is not null || toolText is not null)
        {
            string gap = system is not null && toolText is not null ? "\n\n" : "";
            prompt.Append($"{QwenTokens.MessageStart}system\n{system}{gap}{toolText}{QwenTokens.MessageEnd}\n");
        }

        int lastQuery = LastQuery(messages);
        for (int i = system is null ? 0 : 1; i < messages.Count; i++)
        {
            switch (messages[i].Role)
            {
                case "assistant":
                    AppendAnswer(prompt, messages[i], afterQuery: i > lastQuery, last: i == messages.Count - 1);
                    break;
                case "tool":
                    bool first = i == 0 || messages[i - 1].Role != "tool";
                    bool last = i == messages.Count - 1 || messages[i + 1].Role != "tool";
                    prompt.Append(first ? $"{QwenTokens.MessageStart}user" : "");
                    prompt.Append($"\n<tool_response>\n{Text(messages[i])}\n</tool_response>");
                    prompt.Append(last ? $"{QwenTokens.MessageEnd}\n" : "");
                    break;
                default:
                    prompt.Append($"{QwenTokens.MessageStart}{messages[i].Role}\n{Text(messages[i])}{QwenTokens.MessageEnd}\n");
                    break;
            }
        }

        if (addGenerationPrompt)
        {
            prompt.Append($"{QwenTokens.MessageStart}assistant\n");
            prompt.Append(enableThinking == false ? NoThoughts : "");
        }

        return prompt.ToString();
    }

    private static string Text(ChatMessage message) =>
        string.Concat(message.Content.Select(part => part.IsImage ? QwenTokens.ImagePad + "\n" : part.Text));

    private static string? DescribeTools(JsonElement tools)
    {
        if (tools.ValueKind != JsonValueKind.Array)
        {
            throw new SmvlException("tools are no list", expected: "an array of function descriptions", actual: tools.GetRawText());
        }

        return tools.GetArrayLength() == 0
            ? null
            : ToolsHead + string.Concat(tools.EnumerateArray().Select(tool => "\n" + PythonJson.Write(tool))) + ToolsTail;
    }

    /// <summary>
    /// The last message in which the user asks; thoughts from before it are left out. A tool's result given as a user message is
    /// no question. Without any, the last message counts.
    /// </summary>
    private static int LastQuery(IReadOnlyList<ChatMessage> messages)
    {
        for (int i = messages.Count - 1; i >= 0; i--)
        {
            if (messages[i].Role == "user")
            {
                string text = Text(messages[i]);
                if (!text.StartsWith("<tool_response>", StringComparison.Ordinal) || !text.EndsWith("</tool_response>", StringComparison.Ordinal))
                {
                    return i;
                }
            }
        }

        return messages.Count - 1;
    }

    private static void AppendAnswer(StringBuilder prompt, ChatMessage message, bool afterQuery, bool last)
    {
        (string thoughts, string answer) = message.ReasoningContent is { } given ? (given, Text(message)) : SplitThoughts(Text(message));
        prompt.Append($"{QwenTokens.MessageStart}assistant\n");
        if (afterQuery && (last || thoughts.Length > 0))
        {
            prompt.Append($"{ThinkStart}\n{thoughts.Trim('\n')}\n{ThinkEnd}\n\n");
            prompt.Append(answer.TrimStart('\n'));
        }
        else
        {
            prompt.Append(answer);
        }

        AppendCalls(prompt, message.ToolCalls, breakFirst: answer.Length > 0);
        prompt.Append($"{QwenTokens.MessageEnd}\n");
    }

    /// <summary>Thoughts that the content itself holds, and the answer behind them.</summary>
    private static (string Thoughts, string Answer) SplitThoughts(string content)
    {
        int end = content.IndexOf(ThinkEnd, StringComparison.Ordinal);
        if (end < 0)
        {
            return ("", content);
        }

        string head = content[..end].TrimEnd('\n');
        int start = head.LastIndexOf(ThinkStart, StringComparison.Ordinal);
        string thoughts = (start < 0 ? head : head[(start + ThinkStart.Length)..]).TrimStart('\n');
        int answer = content.LastIndexOf(ThinkEnd, StringComparison.Ordinal) + ThinkEnd.Length;
        return (thoughts, content[answer..].TrimStart('\n'));
    }

    private static void AppendCalls(StringBuilder prompt, JsonElement? calls, bool breakFirst)
    {
        if (calls is not { } list)
        {
            return;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new SmvlException("tool_calls is no list", "message", "an array of calls", list.GetRawText());
        }

        bool lineBreak = breakFirst;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            JsonElement call = entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("function", out JsonElement function) ? function : entry;
            if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("name", out JsonElement name) ||
                name.ValueKind != JsonValueKind.String || !call.TryGetProperty("arguments", out JsonElement arguments))
            {
                throw new SmvlException("a tool call lacks its name or arguments", "message", actual: entry.GetRawText());
            }

            string argumentText = arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : PythonJson.Write(arguments);
            prompt.Append(lineBreak ? "\n" : "");
            prompt.Append($"<tool_call>\n{{\"name\": \"{name.GetString()}\", \"arguments\": {argumentText}}}\n</tool_call>");
            lineBreak = true;
        }
    }

    private static string ReadJinja()
    {
        using Stream stream = typeof(ChatTemplate).Assembly.GetManifestResourceStream("Smvl.Text.chat_template.jinja")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
