using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Smvl.Text;

/// <summary>
/// The strings around a picture's rows in the prompt. They stand in tokenizer_config.json under the keys that transformers'
/// SmolVLMProcessor looks up, so that AutoProcessor on the folder gives the same ids.
/// Source: transformers, models/smolvlm/processing_smolvlm.py, get_image_prompt_string.
/// </summary>
/// <param name="Fake">stands before each tile, and behind the last: <c>fake_image_token</c></param>
/// <param name="Global">marks the whole picture: <c>global_image_token</c></param>
public sealed record ImageLayout(string Fake, string Global)
{
    /// <summary>The token that image rows replace, one per row: <c>image_token</c>, in every layout.</summary>
    public const string Image = QwenTokens.ImagePad;

    private const string ImageKey = "image_token", FakeKey = "fake_image_token", GlobalKey = "global_image_token";

    /// <summary>Qwen's own vision tokens, with the row markers as plain text.</summary>
    public static ImageLayout Qwen { get; } = new(QwenTokens.VisionStart, QwenTokens.VisionPad);

    /// <summary>SmolVLM's markers, which llama.cpp's mtmd looks up in the vocabulary.</summary>
    public static ImageLayout SmolVlm { get; } = new(SmolVlmTokens.FakeAroundImage, SmolVlmTokens.GlobalImage);

    /// <summary>The layout a folder's tokenizer_config.json names; one that names none is read as <see cref="Qwen"/>.</summary>
    /// <param name="folder">a checkpoint folder</param>
    /// <param name="notice">gets a line where the folder names none</param>
    /// <exception cref="SmvlException">Only some of the three strings are named, or the image token is another one.</exception>
    public static ImageLayout Load(string folder, Action<string>? notice = null)
    {
        TokenizerConfig? config = TokenizerConfig.Load(folder);
        (string? image, string? fake, string? global) = (config?.Token(ImageKey), config?.Token(FakeKey), config?.Token(GlobalKey));
        if (image is null && fake is null && global is null)
        {
            notice?.Invoke($"{folder}: {TokenizerConfig.FileName} names no image tokens: read as the layout 'qwen' ({Image}, {Qwen.Fake}, {Qwen.Global})");
            return Qwen;
        }

        if (string.IsNullOrEmpty(fake) || string.IsNullOrEmpty(global) || image != Image)
        {
            throw new SmvlException(
                "the image layout is incomplete or unknown",
                config!.Where,
                $"{ImageKey} '{Image}', {FakeKey} and {GlobalKey}",
                $"'{image}', '{fake}' and '{global}'",
                "name all three, or none for the layout 'qwen'");
        }

        return new ImageLayout(fake, global);
    }

    /// <summary>Sets the three keys in a tokenizer_config.json that is about to be written.</summary>
    public void AddTo(JsonObject tokenizerConfig)
    {
        tokenizerConfig[ImageKey] = Image;
        tokenizerConfig[FakeKey] = Fake;
        tokenizerConfig[GlobalKey] = Global;
    }

    /// <summary>What stands in the prompt for one picture.</summary>
    /// <param name="grid">how it was cut</param>
    /// <param name="rowsPerTile">image rows of a tile: <c>image_seq_len</c> in processor_config.json</param>
    public string Expand(ImageGrid grid, int rowsPerTile)
    {
        Debug.Assert(grid is { Rows: 0, Cols: 0 } or { Rows: > 0, Cols: > 0 });
        string rows = string.Concat(Enumerable.Repeat(Image, rowsPerTile));
        var text = new StringBuilder();
        for (int row = 1; row <= grid.Rows; row++)
        {
            for (int col = 1; col <= grid.Cols; col++)
            {
                text.Append($"{Fake}<row_{row}_col_{col}>{rows}");
            }

            text.Append('\n');
        }

        return text.Append(grid.Rows > 0 ? "\n" : "").Append($"{Fake}{Global}{rows}{Fake}").ToString();
    }
}
