using System.Text;
using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Text;

/// <summary>
/// Writes a byte-level BPE tokenizer of Qwen's kind in all the forms that a published checkpoint has: tokenizer.json, vocab.json with
/// merges.txt, and tokenizer_config.json, for transformers as for <see cref="TokenizerFiles"/>.
/// </summary>
public static class TokenizerWriter
{
    /// <summary>Learnt tokens with Qwen3's added tokens right behind them.</summary>
    /// <param name="folder">an existing folder; its tokenizer files are replaced</param>
    /// <param name="learnt">the tokens</param>
    public static void Write(string folder, LearntTokens learnt) =>
        Write(folder, learnt, QwenTokens.From(learnt.Vocabulary.Count), QwenTokens.MessageEnd, QwenTokens.EndOfText);

    /// <param name="folder">an existing folder; its tokenizer files are replaced</param>
    /// <param name="tokens">vocabulary and merges</param>
    /// <param name="added">tokens matched as a whole; their ids are in the vocabulary or behind it</param>
    /// <param name="endToken">the one that ends an answer: <c>eos_token</c></param>
    /// <param name="padToken">the one that pads: <c>pad_token</c></param>
    internal static void Write(string folder, LearntTokens tokens, IReadOnlyList<AddedToken> added, string endToken, string padToken)
    {
        AddedToken[] byId = [.. added.OrderBy(token => token.Id)];
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerJson.FileName), json => WriteTokenizer(json, tokens, byId));
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerFiles.VocabularyName), json => WriteVocabulary(json, tokens.Vocabulary));
        AtomicFile.Write(Path.Combine(folder, TokenizerFiles.MergesName), stream => stream.Write(Encoding.UTF8.GetBytes(
            "#version: 0.2\n" + string.Concat(tokens.Merges.Select(merge => $"{merge.Left} {merge.Right}\n")))));
        HuggingFaceJson.WriteObject(Path.Combine(folder, TokenizerConfig.FileName), json => WriteConfig(json, byId, endToken, padToken));
    }

    private static void WriteTokenizer(Utf8JsonWriter json, LearntTokens tokens, AddedToken[] added)
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
        WriteVocabulary(json, tokens.Vocabulary);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach ((string left, string right) in tokens.Merges)
        {
            json.WriteStringValue($"{left} {right}");
        }

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

    internal static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", false);
        json.WriteBoolean("rstrip", false);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.Special);
    }
}
