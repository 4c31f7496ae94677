using System.Text.Json.Nodes;

namespace Smvl.Formats;

/// <summary>
/// The strings around a picture's rows, as transformers' SmolVLMProcessor reads them from tokenizer_config.json: the token of
/// every row, the one around tiles, and the one before the whole picture.
/// </summary>
internal sealed record ImageTokens(string Image, string Fake, string Global)
{
    /// <summary>Qwen3's own tokens in SmolVLM's places.</summary>
    public static readonly ImageTokens Qwen = new("<|image_pad|>", "<|vision_start|>", "<|vision_pad|>");
}

/// <summary>The tokenizer files of a Hugging Face checkpoint folder, copied from one to another.</summary>
internal static class TokenizerFiles
{
    public const string Whole = "tokenizer.json";
    public const string Config = "tokenizer_config.json";
    public const string Added = "added_tokens.json";
    private const string Vocabulary = "vocab.json";
    private const string Merges = "merges.txt";

    private static readonly string[] AsTheyAre = [Whole, Vocabulary, Merges, Added, "special_tokens_map.json"];

    /// <summary>Copies the files that are there.</summary>
    /// <exception cref="SmvlException">neither tokenizer.json nor vocab.json with merges.txt</exception>
    public static void Copy(string from, string to)
    {
        CopyVocabulary(from, to);
        string config = Path.Combine(from, Config);
        if (File.Exists(config))
        {
            File.Copy(config, Path.Combine(to, Config));
        }
    }

    /// <summary>
    /// Copies the files that are there, with the image tokens in tokenizer_config.json. A chat template in it is left out: the
    /// text model's knows no pictures, and the spliced folder has its own.
    /// </summary>
    public static void CopyWithImageTokens(string from, string to, ImageTokens tokens)
    {
        CopyVocabulary(from, to);
        JsonObject config = HuggingFaceJson.ReadNode(Path.Combine(from, Config));
        config.Remove("chat_template");
        config["image_token"] = tokens.Image;
        config["fake_image_token"] = tokens.Fake;
        config["global_image_token"] = tokens.Global;
        HuggingFaceJson.WriteNode(Path.Combine(to, Config), config);
    }

    private static void CopyVocabulary(string from, string to)
    {
        bool Has(string name) => File.Exists(Path.Combine(from, name));
        if (!Has(Whole) && !(Has(Vocabulary) && Has(Merges)))
        {
            throw new SmvlException(
                "no tokenizer in this folder", from, $"{Whole}, or {Vocabulary} and {Merges}", hint: "fetch the tokenizer files of the model");
        }

        foreach (string name in AsTheyAre.Where(Has))
        {
            File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }
}
