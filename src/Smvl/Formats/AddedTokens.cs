namespace Smvl.Formats;

/// <summary>
/// The tokens that a tokenizer adds behind its vocabulary, with their ids: from tokenizer.json, or, where there is none,
/// tokenizer_config.json's added_tokens_decoder and added_tokens.json.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<string, int> idOf;
    private readonly string folder;

    private AddedTokens(string folder, Dictionary<string, int> idOf)
    {
        this.folder = folder;
        this.idOf = idOf;
    }

    /// <summary>Text to id.</summary>
    public IReadOnlyDictionary<string, int> Ids => idOf;

    /// <summary>None where the folder has no tokenizer.</summary>
    public static AddedTokens Read(string folder)
    {
        var idOf = new Dictionary<string, int>();
        string whole = Path.Combine(folder, TokenizerFiles.Whole);
        if (File.Exists(whole))
        {
            foreach (JsonSection token in JsonSection.Load(whole).Sections("added_tokens"))
            {
                idOf[token.Text("content") ?? throw token.Missing("content")] = token.Int("id");
            }

            return new AddedTokens(folder, idOf);
        }

        string config = Path.Combine(folder, TokenizerFiles.Config);
        if (File.Exists(config) && JsonSection.Load(config).Section("added_tokens_decoder") is JsonSection decoder)
        {
            foreach (string key in decoder.Properties().Select(item => item.Name))
            {
                JsonSection token = decoder.Section(key) ?? throw decoder.Missing(key);
                idOf[token.Text("content") ?? throw token.Missing("content")] =
                    int.TryParse(key, out int id) ? id : throw decoder.Wrong(key, "a token id", key);
            }
        }

        string added = Path.Combine(folder, TokenizerFiles.Added);
        if (File.Exists(added))
        {
            JsonSection list = JsonSection.Load(added);
            foreach (string content in list.Properties().Select(item => item.Name))
            {
                idOf[content] = list.Int(content);
            }
        }

        return new AddedTokens(folder, idOf);
    }

    /// <summary>The id of a token that must be there.</summary>
    public int Require(string content) =>
        idOf.TryGetValue(content, out int id)
            ? id
            : throw new SmvlException(
                "the tokenizer lacks a token", folder, content, $"{idOf.Count} added tokens without it", "take the tokenizer of a Qwen3 model");

    /// <summary>Refuses a tokenizer with ids behind the embedding's last row.</summary>
    public void RequireWithin(int vocabularySize)
    {
        foreach ((string content, int id) in idOf)
        {
            if (id < 0 || id >= vocabularySize)
            {
                throw new SmvlException(
                    $"token {content} has no row in the embedding", folder, $"ids below vocab_size {vocabularySize}", $"{id}", "take the model's own tokenizer");
            }
        }
    }

    /// <summary>The text of an added token; null for others.</summary>
    public string? TextOf(int id) => idOf.FirstOrDefault(pair => pair.Value == id).Key;
}
