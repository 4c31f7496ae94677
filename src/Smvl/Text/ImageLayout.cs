using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Smvl.Text;

/// <summary>
/// The strings around a picture's rows in the prompt. They stand in tokenizer_config.json under the keys that transformers'
/// SmolVLMProcessor looks up, so that AutoProcessor on the folder gives the same ids; only a marker that is text has none there.
/// Source: transformers, models/smolvlm/processing_smolvlm.py, get_image_prompt_string.
/// </summary>
/// <param name="Fake">stands before each tile, and behind the last: <c>fake_image_token</c></param>
/// <param name="Global">marks the whole picture: <c>global_image_token</c></param>
public sealed partial record ImageLayout(string Fake, string Global)
{
    /// <summary>The token that image rows replace, one per row: <c>image_token</c>, in every layout.</summary>
    public const string Image = QwenTokens.ImagePad;

    private const string ImageKey = "image_token", FakeKey = "fake_image_token", GlobalKey = "global_image_token";

    /// <summary>In place of <see cref="FakeKey"/> for a marker that is text: transformers makes a token of whatever a key in _token names.</summary>
    private const string FakeTextKey = "fake_image_text";

    /// <summary>Qwen's own vision tokens, with the row markers as plain text.</summary>
    public static ImageLayout Qwen { get; } = new(QwenTokens.VisionStart, QwenTokens.VisionPad);

    /// <summary>SmolVLM's markers, row markers too, as tokens of their own; llama.cpp's mtmd looks them up in the vocabulary.</summary>
    public static ImageLayout Tokens { get; } = new(SmolVlmTokens.FakeAroundImage, SmolVlmTokens.GlobalImage);

    /// <summary>The original scripts' strings: the first is no token of Qwen's, and is read as text.</summary>
    public static ImageLayout Qwen3Smvl { get; } = new("<vision_start>", QwenTokens.VisionPad);

    /// <summary>The layouts that a splice can have, by the words of the key <c>image_layout</c>; the first is the default.</summary>
    public static IReadOnlyList<(string Name, ImageLayout Layout)> Named { get; } = [("tokens", Tokens), ("qwen3-smvl", Qwen3Smvl), ("qwen", Qwen)];

    /// <summary>The word of <see cref="Named"/>; <c>custom</c> for strings of a folder's own.</summary>
    public string Name => Named.FirstOrDefault(known => known.Layout == this).Name ?? "custom";

    /// <summary>The layout a folder's tokenizer_config.json names; one that names none is read as <see cref="Qwen"/>.</summary>
    /// <param name="folder">a checkpoint folder</param>
    /// <param name="notice">gets a line where the folder names none</param>
    /// <exception cref="SmvlException">Only some of the three strings are named, or the image token is another one.</exception>
    public static ImageLayout Load(string folder, Action<string>? notice = null)
    {
        TokenizerConfig? config = TokenizerConfig.Load(folder);
        (string? image, string? fake, string? global) = (config?.Token(ImageKey), config?.Token(FakeKey) ?? config?.Token(FakeTextKey), config?.Token(GlobalKey));
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

    /// <summary>The layout that a word of <see cref="Named"/> stands for; null for another word.</summary>
    public static ImageLayout? OfName(string name) => Named.FirstOrDefault(known => known.Name == name).Layout;

    /// <summary>The markers that <see cref="Tokens"/> needs in the vocabulary, for grids of up to so many tiles a side.</summary>
    /// <param name="side">at least 1: llama.cpp's mtmd has a grid of one tile too</param>
    public static IReadOnlyList<string> MarkersFor(int side) =>
    [
        Tokens.Fake,
        Tokens.Global,
        .. from row in Enumerable.Range(1, side)
           from col in Enumerable.Range(1, side)
           select RowMarker(row, col),
    ];

    /// <summary>The markers that are tokens made for this layout, by id; none where the layout has text or Qwen's own tokens for markers.</summary>
    public IReadOnlyList<AddedToken> MarkerTokens(BpeTokenizer tokenizer) => this != Tokens ? [] :
    [
        .. tokenizer.AddedTokens.Where(token => token.Content == Fake || token.Content == Global || IsRowMarker().IsMatch(token.Content))
            .OrderBy(token => token.Id),
    ];

    /// <summary>Sets the three keys in a tokenizer_config.json that is about to be written.</summary>
    public void AddTo(JsonObject tokenizerConfig)
    {
        tokenizerConfig[ImageKey] = Image;
        tokenizerConfig[this == Qwen3Smvl ? FakeTextKey : FakeKey] = Fake;
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
                text.Append($"{Fake}{RowMarker(row, col)}{rows}");
            }

            text.Append('\n');
        }

        return text.Append(grid.Rows > 0 ? "\n" : "").Append($"{Fake}{Global}{rows}{Fake}").ToString();
    }

    private static string RowMarker(int row, int col) => $"<row_{row}_col_{col}>";

    [GeneratedRegex("^<row_[1-9][0-9]*_col_[1-9][0-9]*>$")]
    private static partial Regex IsRowMarker();
}
