using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class ChatFormatTests
{
    [Fact]
    public void OwnTemplateHasThinkBlocks() => Assert.Equal(new ChatFormat(ThinkBlocks: true, BreakBehindPicture: false), ChatFormat.OfGguf(ChatTemplate.Jinja, "f"));

    [Theory]
    [InlineData(null)]
    [InlineData("{% for m in messages %}<|im_start|>{{m.role}}\n{{m.content}}<|im_end|>\n{% endfor %}")]
    public void ChatMlHasNone(string? template) => Assert.False(ChatFormat.OfGguf(template, "f").ThinkBlocks);

    [Fact]
    public void OtherTurnsAreRefused()
    {
        SmvlException refused = Assert.Throws<SmvlException>(() => ChatFormat.OfGguf("{% for m in messages %}[INST]{{m.content}}[/INST]{% endfor %}", "text.gguf"));
        Assert.Equal("text.gguf", refused.Where);
    }
}
