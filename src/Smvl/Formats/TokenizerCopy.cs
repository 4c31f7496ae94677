using System.Text.Json.Nodes;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Formats;

/// <summary>
/// Copies the tokenizer files of one folder into another, checked and completed: a folder of vocab.json and merges.txt alone gets
/// the tokenizer_config.json that transformers needs to find the added tokens. New tokens can be added on the way, in every file that
/// lists added tokens.
/// </summary>
internal static class TokenizerCopy
{
    private const string ConfigName = "tokenizer_config.json";
    private const string AddedKey = "added_tokens_decoder";
    private const string WholeName = "tokenizer.json";
    private const string AddedName = "added_tokens.json";

    private static readonly string[] AsTheyAre = [WholeName, "vocab.json", "merges.txt", AddedName, "special_tokens_map.json", ChatTemplate.FileName];

    /// <param name="from">a folder with a tokenizer</param>
    /// <param name="to">an existing folder without one</param>
    /// <param name="text">the model: its embedding has a row for every token, and its special ids are tokens</param>
    /// <param name="markers">special tokens that the copy must have; those that the tokenizer lacks get the next ids, in this order</param>
    /// <param name="amend">a last change to tokenizer_config.json</param>
    /// <param name="notice">gets a line where something the files leave open is read as Qwen3 has it</param>
    /// <returns>the tokenizer with the new tokens, and those</returns>
    /// <exception cref="SmvlException">no tokenizer, one of another kind, or one with more ids than rows</exception>
    public static (BpeTokenizer Tokenizer, IReadOnlyList<AddedToken> New) Copy(
        string from, string to, TextConfig text, IReadOnlyList<string> markers, Action<JsonObject>? amend = null, Action<string>? notice = null)
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(from, notice);
        CheckFit(from, tokenizer, text);
        AddedToken[] added = Lacking(from, tokenizer, markers);
        foreach (string name in AsTheyAre.Where(name => File.Exists(Path.Combine(from, name))))
        {
            // a copy of the content, not of the rights: a published folder may be read-only
            File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(Path.Combine(from, name)));
        }

        AddTo(to, added);
        string configPath = Path.Combine(from, ConfigName);
        JsonObject config = File.Exists(configPath) ? HuggingFaceJson.ReadNode(configPath) : AsPublished();
        if (!File.Exists(Path.Combine(from, WholeName)) && !config.ContainsKey(AddedKey))
        {
            config[AddedKey] = new JsonObject();
            AddTo(config, tokenizer.AddedTokens);
        }

        AddTo(config, added);
        amend?.Invoke(config);
        HuggingFaceJson.WriteNode(Path.Combine(to, ConfigName), config);
        return (added.Length == 0 ? tokenizer : TokenizerFiles.Load(to), added);
    }

    /// <summary>The folder's tokenizer files, opened, by name: a run's checkpoints carry them on, even when the folder is gone by then.</summary>
    public static IReadOnlyDictionary<string, FileBytes> OpenFiles(string folder) => AsTheyAre.Append(ConfigName)
        .Where(name => File.Exists(Path.Combine(folder, name)))
        .ToDictionary(name => name, name => FileBytes.Open(Path.Combine(folder, name)));

    private static void CheckFit(string from, BpeTokenizer tokenizer, TextConfig text)
    {
        if (tokenizer.VocabularySize > text.VocabularySize)
        {
            throw new SmvlException(
                "the tokenizer has more tokens than the embedding has rows",
                from,
                $"at most vocab_size {text.VocabularySize}",
                $"{tokenizer.VocabularySize}",
                "take the model's own tokenizer");
        }

        IEnumerable<int?> special = [text.BosTokenId, text.PadTokenId, .. text.EosTokenIds];
        if (special.FirstOrDefault(id => id is int known && tokenizer.IdToToken(known) is null) is int unknown)
        {
            throw new SmvlException(
                "the tokenizer lacks a special token of config.json",
                from,
                $"a token with id {unknown}",
                $"{tokenizer.VocabularySize} tokens",
                "take the model's own tokenizer");
        }
    }

    /// <summary>What Qwen3's published file says, but for the added tokens and the chat template.</summary>
    private static JsonObject AsPublished() => new()
    {
        ["add_bos_token"] = false,
        ["add_prefix_space"] = false,
        ["bos_token"] = null,
        ["clean_up_tokenization_spaces"] = false,
        ["eos_token"] = QwenTokens.MessageEnd,
        ["pad_token"] = QwenTokens.EndOfText,
        ["tokenizer_class"] = "Qwen2Tokenizer",
        ["unk_token"] = null,
    };

    /// <summary>Special tokens behind the tokenizer's last id, for the markers that are none of its tokens yet.</summary>
    private static AddedToken[] Lacking(string from, BpeTokenizer tokenizer, IReadOnlyList<string> markers)
    {
        HashSet<string> known = [.. tokenizer.AddedTokens.Select(token => token.Content)];
        string[] lacking = [.. markers.Where(marker => !known.Contains(marker))];
        return lacking.FirstOrDefault(marker => tokenizer.TokenToId(marker) is not null) is { } ordinary
            ? throw new SmvlException("an image marker is an ordinary token of the vocabulary", from, "no such token, or an added one", ordinary, "choose another image_layout")
            : [.. lacking.Select((marker, i) => new AddedToken(tokenizer.VocabularySize + i, marker, Special: true))];
    }

    /// <summary>Into the copied files that list added tokens, beside tokenizer_config.json.</summary>
    private static void AddTo(string folder, AddedToken[] tokens)
    {
        string whole = Path.Combine(folder, WholeName), list = Path.Combine(folder, AddedName);
        if (tokens.Length > 0 && File.Exists(whole))
        {
            File.WriteAllBytes(whole, TokenizerJson.WithTokens(File.ReadAllBytes(whole), tokens, whole));
        }

        if (tokens.Length > 0 && File.Exists(list))
        {
            JsonObject ids = HuggingFaceJson.ReadNode(list);
            foreach (AddedToken token in tokens)
            {
                ids[token.Content] = token.Id;
            }

            HuggingFaceJson.WriteNode(list, ids);
        }
    }

    /// <summary>Into tokenizer_config.json, where that lists added tokens.</summary>
    private static void AddTo(JsonObject config, IReadOnlyList<AddedToken> tokens)
    {
        if (config[AddedKey] is not JsonObject decoder)
        {
            return;
        }

        foreach (AddedToken token in tokens)
        {
            decoder[$"{token.Id}"] = new JsonObject
            {
                ["content"] = token.Content,
                ["lstrip"] = false,
                ["normalized"] = token.Normalized,
                ["rstrip"] = false,
                ["single_word"] = false,
                ["special"] = token.Special,
            };
        }
    }
}
