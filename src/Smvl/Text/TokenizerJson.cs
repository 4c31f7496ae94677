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

    /// <param name="path">the file</param>
    /// <param name="alsoAdded">tokens that tokenizer_config.json adds; those of the file itself must agree with them</param>
    public static BpeTokenizer Read(string path, IReadOnlyList<AddedToken> alsoAdded)
    {
        JsonSection root = JsonSection.Load(path);
        CheckPipeline(root);
        JsonSection model = root.Section("model") ?? throw root.Missing("model");
        CheckModel(model);
        JsonSection vocabulary = model.Section("vocab") ?? throw model.Missing("vocab");
        return new BpeTokenizer(
            Vocabulary(vocabulary),
            Merges(model),
            Join(root.Sections("added_tokens").Select(token => TokenizerConfig.ReadAddedToken(token, token.Int("id"))), alsoAdded, path),
            model.Bool("ignore_merges", false),
            path);
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

    /// <summary>Token to id, as vocab.json and the model's <c>vocab</c> hold them.</summary>
    public static Dictionary<string, int> Vocabulary(JsonSection section)
    {
        var vocabulary = new Dictionary<string, int>();
        foreach (JsonProperty entry in section.Properties())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || !vocabulary.TryAdd(entry.Name, id))
            {
                throw section.Wrong(entry.Name, "an id, given once", entry.Value.GetRawText());
            }
        }

        return vocabulary;
    }

    /// <summary>Left and right part of a merge, as merges.txt and older files write it.</summary>
    public static (string Left, string Right) Merge(string line, string where)
    {
        string[] parts = line.Split(' ');
        return parts is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new SmvlException("not a merge", where, "two tokens with a space between", $"'{line}'", "fetch the file again");
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", false);
    }

    private static List<(string, string)> Merges(JsonSection model)
    {
        JsonElement list = model.Properties().LastOrDefault(property => property.Name == "merges").Value;
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw model.Missing("merges");
        }

        var merges = new List<(string, string)>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
        {
            merges.Add(item.ValueKind switch
            {
                JsonValueKind.String => Merge(item.GetString()!, model.File),
                JsonValueKind.Array when item.GetArrayLength() == 2 && item.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) =>
                    (item[0].GetString()!, item[1].GetString()!),
                _ => throw model.Wrong("merges", "pairs of tokens", item.GetRawText()),
            });
        }

        return merges;
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
