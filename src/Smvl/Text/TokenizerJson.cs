using System.Runtime.CompilerServices;
using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Text;

/// <summary>
/// tokenizer.json of Hugging Face tokenizers. Read strictly: it can describe any tokenizer, and one that differs from ours in a
/// step would give other ids without a word. What only concerns padding and truncation to a length is left to the caller.
/// </summary>
internal static class TokenizerJson
{
    public const string FileName = "tokenizer.json";

    private const string AddedKey = "added_tokens";

    /// <param name="path">the file</param>
    /// <param name="alsoAdded">tokens that tokenizer_config.json adds; those of the file itself must agree with them</param>
    public static BpeTokenizer Read(string path, IReadOnlyList<AddedToken> alsoAdded)
    {
        using FileBytes file = FileBytes.Open(path);
        ReadOnlySpan<byte> json = file.Span;
        (Range vocabulary, Range merges) = Lists(json);
        JsonSection root = JsonSection.Parse(path, WithoutLists(json, vocabulary, merges));
        CheckPipeline(root);
        JsonSection model = root.Section("model") ?? throw root.Missing("model");
        CheckModel(model);
        if (model.Section("vocab") is null)
        {
            throw model.Missing("vocab");
        }

        (int tokens, int bytes) = TokenLists.Sizes(json[vocabulary]);
        var tokenizer = new BpeTokenizerBuilder(path, tokens, bytes);
        TokenLists.ReadTokens(json[vocabulary], tokenizer, path, "model.vocab.");
        if (json[merges].IsEmpty)
        {
            throw model.Missing("merges");
        }

        TokenLists.ReadMerges(json[merges], tokenizer, path, "model.merges");
        return tokenizer.Build(
            Join(root.Sections(AddedKey).Select(token => TokenizerConfig.ReadAddedToken(token, token.Int("id"))), alsoAdded, path),
            model.Bool("ignore_merges", false));
    }

    /// <summary>Everything around the model and the tokens, as <see cref="Read"/> demands it.</summary>
    public static void WritePipeline(Utf8JsonWriter json)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "NFC");
        json.WriteEndObject();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", QwenSplit.Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
        json.WriteStartObject();
        WriteByteLevel(json);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("post_processor");
        WriteByteLevel(json);
        json.WriteEndObject();
        json.WriteStartObject("decoder");
        WriteByteLevel(json);
        json.WriteEndObject();
    }

    /// <summary>The file with more added tokens, every other byte as it was.</summary>
    /// <param name="json">the file</param>
    /// <param name="tokens">at least one, none of them in the file</param>
    /// <param name="path">for errors</param>
    /// <exception cref="SmvlException">the file has no list of added tokens</exception>
    public static byte[] WithTokens(byte[] json, IReadOnlyList<AddedToken> tokens, string path)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read() && !(reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(AddedKey)))
        {
            if (reader.CurrentDepth == 1)
            {
                reader.TrySkip();   // a list of 150,000 tokens, for one
            }
        }

        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw new SmvlException($"no list of {AddedKey}", path, hint: "fetch the file again");
        }

        int start = (int)reader.TokenStartIndex;
        reader.TrySkip();
        int end = (int)reader.TokenStartIndex;   // of the bracket
        bool isEmpty = json.AsSpan((start + 1)..end).Trim(" \t\r\n"u8).IsEmpty;
        int last = start + 1 + json.AsSpan((start + 1)..end).TrimEnd(" \t\r\n"u8).Length;
        using var more = new MemoryStream();
        foreach (AddedToken token in tokens)
        {
            more.Write(isEmpty && more.Length == 0 ? "\n    "u8 : ",\n    "u8);
            using var writer = new Utf8JsonWriter(more);
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            TokenizerWriter.WriteAddedToken(writer, token);
            writer.WriteEndObject();
        }

        return [.. json[..last], .. more.ToArray(), .. json[last..]];
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", false);
    }

    /// <summary>
    /// Where the model's <c>vocab</c> (an object) and <c>merges</c> (an array) stand; an empty range for one that is not found. Only
    /// strings and brackets are looked at: whether it all is JSON shows when the lists and the rest are read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (Range Vocabulary, Range Merges) Lists(ReadOnlySpan<byte> json)
    {
        Range vocabulary = 0..0, merges = 0..0;
        ReadOnlySpan<byte> key = default;   // the last one of the file's object or of the model
        bool inModel = false;
        int depth = 0, start = 0;
        for (int at = 0; at < json.Length; at++)
        {
            switch (json[at])
            {
                case (byte)'"':
                    int from = at + 1;
                    at = StringEnd(json, from);
                    if (depth is 1 or 2 && json[at..].TrimStart("\" \n\r\t"u8).StartsWith(":"u8))
                    {
                        key = json[from..at];
                        inModel = depth == 1 ? key.SequenceEqual("model"u8) : inModel;
                    }

                    break;
                case (byte)'{' or (byte)'[':
                    start = ++depth == 3 ? at : start;
                    break;
                case (byte)'}' or (byte)']' when --depth == 2 && inModel:
                    vocabulary = key.SequenceEqual("vocab"u8) && json[at] == '}' ? start..(at + 1) : vocabulary;
                    merges = key.SequenceEqual("merges"u8) && json[at] == ']' ? start..(at + 1) : merges;
                    break;
            }
        }

        return (vocabulary, merges);
    }

    /// <summary>The place of the quote that ends a string, or of the last byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int StringEnd(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length - 1 && json[at] != '"')
        {
            at += json[at] == '\\' ? 2 : 1;
        }

        return Math.Min(at, json.Length - 1);
    }

    /// <summary>The file with empty lists in place of the long ones.</summary>
    private static byte[] WithoutLists(ReadOnlySpan<byte> json, Range vocabulary, Range merges)
    {
        (Range first, Range second) = vocabulary.Start.Value < merges.Start.Value ? (vocabulary, merges) : (merges, vocabulary);
        return [.. json[..first.Start], .. Empty(json[first]), .. json[first.End..second.Start], .. Empty(json[second]), .. json[second.End..]];

        static ReadOnlySpan<byte> Empty(ReadOnlySpan<byte> list) => list.IsEmpty ? default : list[0] == '{' ? "{}"u8 : "[]"u8;
    }

    private static List<AddedToken> Join(IEnumerable<AddedToken> own, IReadOnlyList<AddedToken> also, string path)
    {
        List<AddedToken> joined = [.. own];
        Dictionary<string, AddedToken> byContent = [];
        foreach (AddedToken token in joined)
        {
            if (!byContent.TryAdd(token.Content, token))
            {
                throw new SmvlException("an added token is listed twice", path, actual: $"'{token.Content}'");
            }
        }

        foreach (AddedToken token in also)
        {
            if (!byContent.TryGetValue(token.Content, out AddedToken? known))
            {
                joined.Add(token);
            }
            else if (known != token)
            {
                throw new SmvlException(
                    $"an added token differs from the one in {TokenizerConfig.FileName}", path, $"{token}", $"{known}", "the files do not belong together");
            }
        }

        return joined;
    }

    private static void CheckModel(JsonSection model)
    {
        Require(model, "type", model.Text("type"), "BPE");
        Require(model, "continuing_subword_prefix", model.Text("continuing_subword_prefix") ?? "", "");
        Require(model, "end_of_word_suffix", model.Text("end_of_word_suffix") ?? "", "");
        Require(model, "byte_fallback", model.Bool("byte_fallback", false), false);
        Require(model, "dropout", model.Number("dropout", 0), 0);
    }

    private static void CheckPipeline(JsonSection root)
    {
        JsonSection normalizer = root.Section("normalizer") ?? throw root.Missing("normalizer");
        Require(normalizer, "type", normalizer.Text("type"), "NFC");
        JsonSection preTokenizer = root.Section("pre_tokenizer") ?? throw root.Missing("pre_tokenizer");
        Require(preTokenizer, "type", preTokenizer.Text("type"), "Sequence");
        JsonSection[] steps = [.. preTokenizer.Sections("pretokenizers")];
        Require(preTokenizer, "pretokenizers", string.Join(", ", steps.Select(step => step.Text("type"))), "Split, ByteLevel");
        Require(steps[0], "pattern", steps[0].Section("pattern")?.Text("Regex"), QwenSplit.Pattern);
        Require(steps[0], "behavior", steps[0].Text("behavior"), "Isolated");
        Require(steps[0], "invert", steps[0].Bool("invert", false), false);
        Require(steps[1], "add_prefix_space", steps[1].Bool("add_prefix_space", true), false);
        Require(steps[1], "use_regex", steps[1].Bool("use_regex", true), false);
        Require(root, "decoder", root.Section("decoder")?.Text("type"), "ByteLevel");

        // A post-processor that adds no token is none: ByteLevel only trims offsets, an empty template is the sequence itself.
        if (root.Section("post_processor") is { } post && post.Text("type") != "ByteLevel")
        {
            Require(post, "type", post.Text("type"), "TemplateProcessing");
            Require(post, "special_tokens", post.Section("special_tokens")?.Properties().Count() ?? 0, 0);
            Require(post, "single", post.Sections("single").Count(), 1);
        }
    }

    private static void Require<T>(JsonSection section, string key, T actual, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(actual, expected))
        {
            throw section.Wrong(key, $"'{expected}'", actual is null ? "nothing" : $"'{actual}'", "only Qwen's byte-level BPE is read");
        }
    }
}
