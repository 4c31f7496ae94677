using System.Text.Json;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>Conversations rendered by the reference's chat template.</summary>
[Trait("Category", Golden.Category)]
public sealed class ChatTemplateGoldenTests
{
    /// <summary>Fixtures made without the original template have no chat/ (fixtures/README.md): one case then says so.</summary>
    public static IEnumerable<TheoryDataRow<int, string>> Cases() => File.Exists(Golden.Path("chat", "cases.json"))
        ? Golden.Json("chat", "cases.json").EnumerateArray()
            .Select((golden, index) => new TheoryDataRow<int, string>(index, golden.GetProperty("name").GetString()!))
        : [new TheoryDataRow<int, string>(0, "none") { Skip = $"{Golden.Folder} has no chat/" }];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ConversationIsRenderedAsTheReferenceDoes(int index, string name)
    {
        JsonElement golden = Golden.Json("chat", "cases.json")[index];
        if (golden.GetProperty("error").ValueKind != JsonValueKind.Null)
        {
            Assert.Throws<SmvlException>(() => Render(golden));
            return;
        }

        Assert.True(golden.GetProperty("text").GetString() == Render(golden), $"{name}: {Render(golden)}");
    }

    private static string Render(JsonElement golden)
    {
        JsonElement thinking = golden.GetProperty("enable_thinking");
        JsonElement tools = golden.GetProperty("tools");
        return ChatTemplate.Render(
            [.. golden.GetProperty("messages").EnumerateArray().Select(ChatMessage.FromJson)],
            golden.GetProperty("add_generation_prompt").GetBoolean(),
            thinking.ValueKind == JsonValueKind.Null ? null : thinking.GetBoolean(),
            tools.ValueKind == JsonValueKind.Null ? null : tools);
    }
}
