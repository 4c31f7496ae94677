using System.Text.Json.Nodes;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class ImageLayoutTests
{
    [Fact]
    public void FolderThatNamesNoStringsIsReadAsQwenAndSaysSo()
    {
        List<string> notices = [];
        Assert.Equal(ImageLayout.Qwen, ImageLayout.Load(Tokenizers.TinyFolder, notices.Add));
        Assert.Contains("'qwen'", Assert.Single(notices), StringComparison.Ordinal);
        using var empty = new TemporaryFolder();
        Assert.Equal(ImageLayout.Qwen, ImageLayout.Load(empty.Path));
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public void SplicedFolderNamesItsStrings()
    {
        List<string> notices = [];
        Assert.Equal(ImageLayout.Qwen, ImageLayout.Load(Golden.Path("spliced"), notices.Add));
        Assert.Empty(notices);
    }

    [Fact]
    public void WrittenLayoutIsReadBack()
    {
        var layout = new ImageLayout("<fake_token_around_image>", "<global-img>");
        var config = new JsonObject();
        layout.AddTo(config);
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", config.ToJsonString());
        Assert.Equal(layout, ImageLayout.Load(folder.Path));
    }

    [Theory]
    [InlineData("""{"image_token": "<|image_pad|>"}""")]
    [InlineData("""{"image_token": "<|image_pad|>", "fake_image_token": "<f>", "global_image_token": ""}""")]
    [InlineData("""{"image_token": "<image>", "fake_image_token": "<f>", "global_image_token": "<g>"}""")]
    [InlineData("""{"fake_image_token": "<f>", "global_image_token": "<g>"}""")]
    public void IncompleteLayoutIsRefused(string json)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", json);
        string message = Assert.Throws<SmvlException>(() => ImageLayout.Load(folder.Path)).Message;
        Assert.Contains("tokenizer_config.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void TokensMayBeObjects()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "tokenizer_config.json",
            """{"image_token": {"content": "<|image_pad|>"}, "fake_image_token": {"content": "<f>"}, "global_image_token": "<g>"}""");
        Assert.Equal(new ImageLayout("<f>", "<g>"), ImageLayout.Load(folder.Path));
    }
}
