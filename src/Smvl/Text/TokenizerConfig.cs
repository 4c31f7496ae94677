using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Text;

/// <summary>What tokenizer_config.json says that concerns tokens. Other keys are ignored, as published files carry many.</summary>
internal sealed class TokenizerConfig
{
    public const string FileName = "tokenizer_config.json";

    private readonly JsonSection root;

    private TokenizerConfig(JsonSection root) => this.root = root;

    /// <summary>The file read; null where the folder has none.</summary>
    public static TokenizerConfig? Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) ? new TokenizerConfig(JsonSection.Load(path)) : null;
    }

    /// <summary>The file, for errors.</summary>
    public string Where => root.File;

    /// <summary>A token named under a key such as <c>eos_token</c>: a string, or an object with its content.</summary>
    public string? Token(string key)
    {
        bool isObject = root.Properties().Any(property => property.Name == key && property.Value.ValueKind == JsonValueKind.Object);
        return isObject ? root.Section(key)!.Text("content") : root.Text(key);
    }

    /// <summary>The tokens of <c>added_tokens_decoder</c> (id to token), by id; empty where the key is left out.</summary>
    public IReadOnlyList<AddedToken> AddedTokens()
    {
        if (root.Section("added_tokens_decoder") is not { } decoder)
        {
            return [];
        }

        return [.. decoder.Properties()
            .Select(property => int.TryParse(property.Name, out int id)
                ? ReadAddedToken(decoder.Section(property.Name) ?? throw decoder.Missing(property.Name), id)
                : throw decoder.Wrong(property.Name, "a token id", $"'{property.Name}'"))
            .OrderBy(token => token.Id)];
    }

    /// <summary>One added token as tokenizers and transformers write it.</summary>
    /// <exception cref="SmvlException">A flag is set that this tokenizer does not follow.</exception>
    public static AddedToken ReadAddedToken(JsonSection token, int id)
    {
        foreach (string flag in (string[])["lstrip", "rstrip", "single_word"])
        {
            if (token.Bool(flag, false))
            {
                throw token.Wrong(flag, "false", "true", "this tokenizer matches added tokens as they stand");
            }
        }

        bool special = token.Bool("special", false);
        return new AddedToken(
            id, token.Text("content") ?? throw token.Missing("content"), special, token.Bool("normalized", !special));
    }
}
