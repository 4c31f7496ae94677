using System.Text.Json.Nodes;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>
/// The strings around a picture's rows, where transformers' SmolVLMProcessor reads them: tokenizer_config.json.
/// </summary>
/// <param name="Image">the token of every row</param>
/// <param name="Fake">stands around tiles</param>
/// <param name="Global">stands before the whole picture</param>
internal sealed record ImageTokens(string Image, string Fake, string Global)
{
    /// <summary>Qwen3's own tokens in SmolVLM's places.</summary>
    public static readonly ImageTokens Qwen = new(QwenTokens.ImagePad, QwenTokens.VisionStart, QwenTokens.VisionPad);

    /// <summary>Sets the three keys in a tokenizer_config.json that is about to be written.</summary>
    public void AddTo(JsonObject tokenizerConfig)
    {
        tokenizerConfig["image_token"] = Image;
        tokenizerConfig["fake_image_token"] = Fake;
        tokenizerConfig["global_image_token"] = Global;
    }
}
