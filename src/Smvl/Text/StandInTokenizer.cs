namespace Smvl.Text;

/// <summary>
/// A tokenizer for checkpoints with random weights: every byte is a token, nothing is merged, and the special tokens have the ids
/// a model expects. The bytes take the lowest free ids; each id that is left below the last token is a filler that no text
/// produces.
/// </summary>
public static class StandInTokenizer
{
    /// <summary>Ids that the bytes take.</summary>
    public const int Bytes = 256;

    /// <param name="folder">an existing folder; its tokenizer files are replaced</param>
    /// <param name="added">special and other added tokens with their ids: <see cref="QwenTokens"/>, <see cref="SmolVlmTokens"/></param>
    /// <param name="endToken">the one that ends an answer: <c>eos_token</c></param>
    /// <param name="padToken">the one that pads: <c>pad_token</c></param>
    public static void Write(string folder, IReadOnlyList<AddedToken> added, string endToken, string padToken) =>
        TokenizerWriter.Write(folder, new LearntTokens(Vocabulary(added), []), added, endToken, padToken);

    /// <summary>
    /// The tokens by id. Added tokens with nothing but added tokens behind them are left to the list of added tokens, as published
    /// files do; those further down stand in the vocabulary too, since readers number the list from its end.
    /// </summary>
    private static List<string> Vocabulary(IReadOnlyList<AddedToken> added)
    {
        Dictionary<int, string> contents = added.ToDictionary(token => token.Id, token => token.Content);
        int size = Math.Max(contents.Keys.Max() + 1, Bytes + contents.Count);
        while (contents.ContainsKey(size - 1))
        {
            size--;
        }

        var vocabulary = new List<string>(size);
        int bytes = 0;
        for (int id = 0; id < size; id++)
        {
            vocabulary.Add(
                contents.TryGetValue(id, out string? content) ? content
                : bytes < Bytes ? ByteLevel.Spelling([(byte)bytes++])
                : $"<filler_{id}>");
        }

        return vocabulary;
    }
}
