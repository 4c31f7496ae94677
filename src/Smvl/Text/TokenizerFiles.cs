using Smvl.Formats;

namespace Smvl.Text;

/// <summary>
/// Reads the tokenizer of a Hugging Face folder: tokenizer.json, or else vocab.json and merges.txt with the added tokens of
/// tokenizer_config.json (<c>added_tokens_decoder</c>).
/// </summary>
public static class TokenizerFiles
{
    internal const string VocabularyName = "vocab.json", MergesName = "merges.txt";

    /// <param name="folder">a checkpoint or tokenizer folder</param>
    /// <param name="notice">gets a line where something the files leave open is read as Qwen3 has it</param>
    /// <exception cref="SmvlException">The files are missing, damaged, contradict each other, or describe another kind of tokenizer.</exception>
    public static BpeTokenizer Load(string folder, Action<string>? notice = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new SmvlException("no such folder", folder, hint: "name a folder with a tokenizer");
        }

        IReadOnlyList<AddedToken> added = TokenizerConfig.Load(folder)?.AddedTokens() ?? [];
        string whole = Path.Combine(folder, TokenizerJson.FileName);
        if (File.Exists(whole))
        {
            return TokenizerJson.Read(whole, added);
        }

        string vocabulary = Path.Combine(folder, VocabularyName);
        string merges = Path.Combine(folder, MergesName);
        if (!File.Exists(vocabulary) || !File.Exists(merges))
        {
            throw new SmvlException(
                "no tokenizer in the folder",
                folder,
                $"{TokenizerJson.FileName}, or {VocabularyName} and {MergesName}",
                File.Exists(vocabulary) ? $"{VocabularyName} only" : File.Exists(merges) ? $"{MergesName} only" : "none of them",
                "fetch the missing files, or name another folder");
        }

        return LoadVocabulary(vocabulary, merges, added, notice);
    }

    /// <summary>vocab.json and merges.txt; without added tokens, Qwen3's stand behind the vocabulary, and a notice says so.</summary>
    private static BpeTokenizer LoadVocabulary(string vocabularyPath, string mergesPath, IReadOnlyList<AddedToken> added, Action<string>? notice)
    {
        using FileBytes vocabulary = FileBytes.Open(vocabularyPath), merges = FileBytes.Open(mergesPath);
        (int tokens, int bytes) = TokenLists.Sizes(vocabulary.Span);
        var tokenizer = new BpeTokenizerBuilder(vocabularyPath, tokens, bytes);
        TokenLists.ReadTokens(vocabulary.Span, tokenizer, vocabularyPath, key: "");
        TokenLists.ReadMergeLines(merges.Span, tokenizer, mergesPath);
        if (added.Count == 0)
        {
            added = QwenTokens.From(tokenizer.TokenCount);
            notice?.Invoke(
                $"{vocabularyPath}: {TokenizerConfig.FileName} names no added tokens: Qwen3's {added.Count} are read behind the vocabulary, " +
                $"ids {added[0].Id} to {added[^1].Id}");
        }

        return tokenizer.Build(added, ignoreMerges: false);
    }
}
