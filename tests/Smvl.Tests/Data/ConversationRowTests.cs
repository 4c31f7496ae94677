using System.Text.Json;
using Smvl.Data;
using Smvl.Text;

namespace Smvl.Tests.Data;

/// <summary>Rows as the documents of LLaVA, LLaMA-Factory, ms-swift and OpenAI show them.</summary>
public sealed class ConversationRowTests
{
    /// <summary>The first is LLaVA's docs/Finetune_Custom_Data.md, the second LLaMA-Factory's mllm_demo, the fourth OpenAI's chat completions.</summary>
    [Theory]
    [InlineData(
        """{"id": "997bb945", "image": "part-000000/997bb945.jpg", "conversations": [{"from": "human", "value": "<image>\nWrite a prompt."}, {"from": "gpt", "value": "a beautiful painting"}]}""",
        "part-000000/997bb945.jpg", "Write a prompt.|a beautiful painting")]
    [InlineData(
        """{"messages": [{"content": "<image>Who are they?", "role": "user"}, {"content": "Kane and Gretzka.", "role": "assistant"}, {"content": "What are they doing?", "role": "user"}, {"content": "Celebrating.", "role": "assistant"}], "images": ["mllm_demo_data/1.jpg"]}""",
        "mllm_demo_data/1.jpg", "Who are they?|Kane and Gretzka.|What are they doing?|Celebrating.")]
    [InlineData(
        """{"conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "<image> or <image>?"}, {"from": "gpt", "value": "The first <image>."}], "images": [{"path": "a.png"}, {"path": "b.png"}]}""",
        "a.png b.png", "or ?|The first <image>.")]
    [InlineData(
        """{"messages": [{"role": "user", "content": [{"type": "text", "text": "What is in "}, {"type": "text", "text": "this image?"}, {"type": "image_url", "image_url": {"url": "https://x/y.jpg", "detail": "low"}}]}, {"role": "assistant", "content": [{"type": "text", "text": "A boardwalk."}]}]}""",
        "https://x/y.jpg", "What is in this image?|A boardwalk.")]
    [InlineData(
        """{"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "q"}]}, {"role": "assistant", "content": "a"}], "images": ["p"]}""",
        "p", "q|a")]
    [InlineData(
        """{"messages": [{"role": "user", "content": [{"type": "image", "image": "file:///p.png"}, {"type": "text", "text": "q"}]}, {"role": "assistant", "content": "a"}]}""",
        "file:///p.png", "q|a")]
    [InlineData("""{"image": null, "conversations": [{"from": "human", "value": " 你好\n"}, {"from": "gpt", "value": "你好！"}]}""", "", " 你好\n|你好！")]
    public void PublishedFormsAreRead(string json, string pictures, string texts)
    {
        ConversationRow row = Read(json);
        Assert.Equal(pictures, string.Join(' ', row.Pictures));
        Assert.Equal(texts, string.Join('|', row.Turns.Select(turn => $"{turn.Question}|{turn.Answer}")));
        Assert.Equal(json.Contains("Be brief", StringComparison.Ordinal) ? "Be brief." : null, row.System);
    }

    /// <summary>[image] stands where the prompt puts one, which breaks the line behind it.</summary>
    [Theory]
    [InlineData("<image>\nWrite.", "[image]Write.")]
    [InlineData(" <image> \n Write. ", "[image]Write.")]
    [InlineData("What is it?\n<image>", "What is it?\n[image]")]
    [InlineData("Compare <image>\r\n and <image>.\n", "Compare [image] and [image].")]
    [InlineData("<image><image>\n<image>", "[image][image][image]")]
    public void PicturesStandWhereTheTextHasThem(string text, string expected)
    {
        string[] pictures = [.. Enumerable.Repeat("p", expected.Split("[image]").Length - 1)];
        ConversationRow row = Read(JsonSerializer.Serialize(new { images = pictures, messages = new[] { new { role = "user", content = text }, new { role = "assistant", content = "a" } } }));
        Assert.Equal(expected, Marked(row.Turns[0]));
    }

    [Theory]
    [InlineData("""{"images": ["p", "q"], "messages": [{"role": "user", "content": "<image>a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "and <image>"}, {"role": "assistant", "content": "d"}]}""", "[image]a|and [image]")]
    [InlineData("""{"images": ["p", "q"], "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}""", "a|c")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "text", "text": "a "}, {"type": "image", "image": "p"}, {"type": "text", "text": " b"}, {"type": "image", "image": "q"}]}, {"role": "assistant", "content": "c"}]}""", "a [image] b[image]")]
    public void EveryTurnHasItsPictures(string json, string expected) => Assert.Equal(expected, string.Join('|', Read(json).Turns.Select(Marked)));

    [Theory]
    [InlineData("""{"system": "Be brief.", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}""", "Be brief.")]
    [InlineData("""{"system": "", "tools": "[]", "conversations": [{"from": "system", "value": "Be kind."}, {"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}""", "Be kind.")]
    [InlineData("""{"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}""", null)]
    public void TheSystemMessageIsRead(string json, string? expected) => Assert.Equal(expected, Read(json).System);

    [Theory]
    [InlineData("""{"id": 1, "text": "x"}""", "expected a list called conversations (LLaVA, ShareGPT) or messages (OpenAI), found id, text")]
    [InlineData("""[1]""", "the row is no JSON object but a list")]
    [InlineData("""{"messages": []}""", "conversation is empty")]
    [InlineData("""{"messages": [{"role": "user", "content": "q"}]}""", "last question has no answer")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "a"}]}""", "message 1 is the assistant's: expected a question")]
    [InlineData("""{"messages": [{"role": "user", "content": "q"}, {"role": "user", "content": "q"}]}""", "message 2 is the user's: expected the assistant's answer")]
    [InlineData("""{"messages": [{"role": "user", "content": "q"}, {"role": "tool", "content": "q"}]}""", "message 2 is of tool")]
    [InlineData("""{"messages": [{"speaker": "user", "content": "q"}]}""", "message 1 is none: expected from and value, or role and content, found an object of speaker, content")]
    [InlineData("""{"messages": [{"role": "user", "content": 3}]}""", "message 1 has no text")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "video"}]}]}""", "found video")]
    [InlineData("""{"video": "a.mp4", "messages": []}""", "the row has video")]
    [InlineData("""{"tools": "[{}]", "messages": []}""", "the row has tools")]
    [InlineData("""{"system": 3, "messages": []}""", "system is no text but a number")]
    [InlineData("""{"system": "s", "messages": [{"role": "system", "content": "t"}]}""", "the row has a field system and message 1 is one too")]
    [InlineData("""{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "system", "content": "s"}]}""", "message 3 is the system's")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image", "image": "p"}]}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "<image>"}, {"role": "assistant", "content": "a"}]}""", "expected one way of the two")]
    [InlineData("""{"image": 3, "messages": []}""", "image names no picture")]
    [InlineData("""{"image": "a", "messages": [{"role": "user", "content": "<image><image>"}, {"role": "assistant", "content": "a"}]}""", "hold 2 <image> and the row names 1 pictures")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image"}]}]}""", "stands for picture 1, and the row names 0")]
    public void AnotherRowSaysWhatItHas(string json, string says) => Assert.Contains(says, Assert.Throws<InvalidDataException>(() => Read(json)).Message);

    private static string Marked(QuestionAnswer turn) =>
        (turn.PictureOffsets ?? []).Reverse().Aggregate(turn.Question, (text, offset) => text.Insert(offset, "[image]"));

    private static ConversationRow Read(string json)
    {
        using JsonDocument parsed = JsonDocument.Parse(json);
        return ConversationRow.Read(parsed.RootElement);
    }
}
