using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Text;

/// <summary>
/// A tokenizer for checkpoints with random weights: every byte is a token, nothing is merged, and the special tokens have the ids
/// a model expects. The bytes take the lowest free ids; each id that is left below the last token is a filler that no text
/// produces. Written in all the forms a published checkpoint has, for transformers as for <see cref="TokenizerFiles"/>.
/// </summary>
public static class StandInTokenizer
{
    /// <summary>Ids that the bytes take.</summary>
    public const int Bytes = 256;

    /// <param name="folder">an existing folder; its tokenizer files are replaced</param>
    /// <param name="added">special and other added tokens with their ids: <see cref="QwenTokens"/>, <see cref="SmolVlmTokens"/></param>
    /// <param name="endToken">the one that ends an answer: <c>eos_token</c></param>
    /// <param name="padToken">the one that pads: <c>pad_token</c></param>
    public static void Write(string folder, IReadOnlyList<AddedToken> added, string endToken, string padToken)
    {
        IReadOnlyList<string> vocabulary = Vocabulary(added);
        AddedToken[] byId = [.. added.OrderBy(token => token.Id)];
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerJson.FileName), json => WriteTokenizer(json, vocabulary, byId));
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerFiles.VocabularyName), json => WriteVocabulary(json, vocabulary));
        AtomicFile.Write(Path.Combine(folder, TokenizerFiles.MergesName), stream => stream.Write("#version: 0.2\n"u8));
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerConfig.FileName), json => WriteConfig(json, byId, endToken, padToken));
    }

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

    private static void WriteTokenizer(Utf8JsonWriter json, IReadOnlyList<string> vocabulary, AddedToken[] added)
    {
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in added)
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            WriteAddedToken(json, token);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        TokenizerJson.WritePipeline(json);
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (string unused in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
        {
            json.WriteNull(unused);
        }

        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        WriteVocabulary(json, vocabulary);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteVocabulary(Utf8JsonWriter json, IReadOnlyList<string> vocabulary)
    {
        for (int id = 0; id < vocabulary.Count; id++)
        {
            json.WriteNumber(vocabulary[id], id);
        }
    }

    private static void WriteConfig(Utf8JsonWriter json, AddedToken[] added, string endToken, string padToken)
    {
        json.WriteStartObject("added_tokens_decoder");
        foreach (AddedToken token in added)
        {
            json.WriteStartObject($"{token.Id}");
            WriteAddedToken(json, token);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteNull("bos_token");
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("eos_token", endToken);
        json.WriteString("pad_token", padToken);
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        json.WriteNull("unk_token");
    }

    private static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", false);
        json.WriteBoolean("rstrip", false);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.Special);
    }
}
