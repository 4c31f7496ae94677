using System.Text.Json;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class ChatTemplateTests
{
    [Fact]
    public void ContentInPartsIsTheSameAsInOne()
    {
        string whole = ChatTemplate.Render([ChatMessage.FromText("user", "看图：好")], addGenerationPrompt: true);
        string parts = ChatTemplate.Render([new ChatMessage("user", new ContentPart("看图："), new ContentPart("好"))], addGenerationPrompt: true);
        Assert.Equal(whole, parts);
    }

    [Fact]
    public void ToolResultInAUserMessageIsNoQuestion()
    {
        ChatMessage thinking = ChatMessage.FromText("assistant", "<think>\n想\n</think>\n\n查");
        ChatMessage[] messages =
        [
            ChatMessage.FromText("user", "问"), thinking, ChatMessage.FromText("user", "<tool_response>\n晴\n</tool_response>"),
        ];
        Assert.Contains("<think>\n想\n</think>\n\n查", ChatTemplate.Render(messages, addGenerationPrompt: true), StringComparison.Ordinal);
        messages[2] = ChatMessage.FromText("user", "再问");
        Assert.Contains("assistant\n查<|im_end|>", ChatTemplate.Render(messages, addGenerationPrompt: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"role": "user"}]""", "<|im_start|>user\n<|im_end|>\n")]
    [InlineData("""[{"role": "user", "content": null}]""", "<|im_start|>user\n<|im_end|>\n")]
    [InlineData(
        """[{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]""",
        "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nb<|im_end|>\n")]
    [InlineData(
        """[{"role": "assistant", "content": "x", "tool_calls": [{"name": "f", "arguments": "{}"}, {"name": "g", "arguments": {"k": 1.0}}]}]""",
        "<|im_start|>assistant\nx\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n" +
        "<tool_call>\n{\"name\": \"g\", \"arguments\": {\"k\": 1.0}}\n</tool_call><|im_end|>\n")]
    public void RareConversationsRender(string json, string expected) => Assert.Equal(expected, Render(json));

    [Theory]
    [InlineData("[]", "conversation is empty")]
    [InlineData("""["user"]""", "no object")]
    [InlineData("""[{"content": "a"}]""", "role is missing")]
    [InlineData("""[{"role": "robot", "content": "a"}]""", "robot")]
    [InlineData("""[{"role": "user", "content": 1}]""", "content is no string")]
    [InlineData("""[{"role": "user", "content": ["a"]}]""", "no object")]
    [InlineData("""[{"role": "user", "content": [{"type": "video"}]}]""", "video")]
    [InlineData("""[{"role": "user", "content": [{"type": "text"}]}]""", "text is missing")]
    [InlineData("""[{"role": "assistant", "tool_calls": {}}]""", "tool_calls is no list")]
    [InlineData("""[{"role": "assistant", "tool_calls": [{"name": "f"}]}]""", "lacks its name or arguments")]
    public void MalformedConversationsAreRefused(string json, string message) =>
        Assert.Contains(message, Assert.Throws<SmvlException>(() => Render(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void ToolsMustBeAList()
    {
        ChatMessage[] messages = [ChatMessage.FromText("user", "a")];
        Assert.Throws<SmvlException>(() => ChatTemplate.Render(messages, false, tools: JsonDocument.Parse("{}").RootElement));
        Assert.Equal(ChatTemplate.Render(messages, false), ChatTemplate.Render(messages, false, tools: JsonDocument.Parse("[]").RootElement));
    }

    [Fact]
    public void CheckpointsTemplateIsEmbedded() => Assert.Contains("enable_thinking", ChatTemplate.Jinja, StringComparison.Ordinal);

    private static string Render(string json) =>
        ChatTemplate.Render([.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(ChatMessage.FromJson)], addGenerationPrompt: false);
}
