using Smvl.Formats.Gguf;

namespace Smvl.Text;

/// <summary>
/// A tokenizer's lists as a text model's GGUF file holds them, such that llama.cpp gives the same ids and its mtmd finds the pieces that
/// it puts around a picture: two line breaks, and SmolVLM's two markers. Where the layout has other markers, the tokens that it uses are
/// listed under SmolVLM's names. <see cref="GgufTokenizer"/> reads them back.
/// </summary>
/// <param name="Tokens">(vocabulary) in id order: byte-level spellings, plain text for added tokens</param>
/// <param name="Types">(vocabulary) <see cref="GgufTokenType"/></param>
/// <param name="Merges">two tokens with a space between, in order</param>
internal sealed record GgufVocabulary(IReadOnlyList<string> Tokens, IReadOnlyList<int> Types, IReadOnlyList<string> Merges)
{
    /// <param name="tokenizer">the text model's</param>
    /// <param name="layout">the strings around image rows that the model was trained with</param>
    /// <param name="size">rows of the embedding; ids without a token are filled up</param>
    /// <param name="where">the folder, for errors</param>
    /// <exception cref="SmvlException">the vocabulary lacks a piece that mtmd puts around a picture, or llama.cpp would split words otherwise</exception>
    public static GgufVocabulary Of(BpeTokenizer tokenizer, ImageLayout layout, int size, string where)
    {
        if (tokenizer.IgnoresMerges)
        {
            throw new SmvlException("the tokenizer takes words that are tokens whole", where, "ignore_merges false", "true", "llama.cpp does not for Qwen's tokenizer");
        }

        foreach ((string breaks, string name) in (ReadOnlySpan<(string, string)>)[("\n", "\\n"), ("\n\n", "\\n\\n")])
        {
            if (tokenizer.TokenToId(ByteLevel.Spelling(System.Text.Encoding.UTF8.GetBytes(breaks))) is null)
            {
                throw new SmvlException(
                    $"the vocabulary has no token for \"{name}\"", where, "the single tokens \"\\n\" and \"\\n\\n\"",
                    hint: "llama.cpp puts them around pictures and fails without; Qwen's own vocabulary has both");
            }
        }

        string[] tokens = new string[size];
        int[] types = new int[size];
        for (int id = 0; id < size; id++)
        {
            string? token = tokenizer.IdToToken(id);
            tokens[id] = token ?? $"[PAD{id}]";
            types[id] = (int)(token is null ? GgufTokenType.Unused : GgufTokenType.Normal);
        }

        foreach (AddedToken added in tokenizer.AddedTokens)
        {
            tokens[added.Id] = added.Content;
            types[added.Id] = (int)(added.Special || LooksSpecial(added.Content) ? GgufTokenType.Control : GgufTokenType.UserDefined);
        }

        Rename(tokenizer, layout.Fake, ImageLayout.Tokens.Fake, tokens, types, where);
        Rename(tokenizer, layout.Global, ImageLayout.Tokens.Global, tokens, types, where);
        return new GgufVocabulary(tokens, types, tokenizer.Merges);
    }

    public void Write(GgufWriter writer)
    {
        writer.Add(GgufKeys.Tokenizer.Model, GgufKeys.Tokenizer.BytePairs);
        writer.Add(GgufKeys.Tokenizer.PreTokenizer, GgufKeys.Tokenizer.QwenPreTokenizer);
        writer.Add(GgufKeys.Tokenizer.Tokens, Tokens);
        writer.Add(GgufKeys.Tokenizer.TokenTypes, Types);
        writer.Add(GgufKeys.Tokenizer.Merges, Merges);
    }

    /// <summary>As llama.cpp's converter decides it.</summary>
    private static bool LooksSpecial(string text) => text.StartsWith("<|", StringComparison.Ordinal) && text.EndsWith("|>", StringComparison.Ordinal);

    /// <summary>Lists the token that the layout uses as a marker under the name that mtmd looks up.</summary>
    private static void Rename(BpeTokenizer tokenizer, string ours, string theirs, string[] tokens, int[] types, string where)
    {
        AddedToken marker = tokenizer.AddedTokens.FirstOrDefault(token => token.Content == ours) ?? throw new SmvlException(
            $"the image marker {ours} is no token of its own", where, $"one token, to be listed as {theirs}",
            hint: "llama.cpp finds markers by their names in the vocabulary");
        if (ours != theirs && tokenizer.TokenToId(theirs) is int other)
        {
            throw new SmvlException(
                $"the vocabulary has {theirs}, but the image layout uses another token", where, $"{theirs} (id {other}) in the layout", $"{ours} (id {marker.Id})",
                "llama.cpp would use the first of them");
        }

        tokens[marker.Id] = theirs;
        types[marker.Id] = (int)GgufTokenType.Control;
    }
}
