using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Smvl.Formats;

namespace Smvl.Text;

/// <summary>
/// The long lists of a tokenizer's files, read straight from their bytes: a real vocabulary has 150,000 tokens and as many merges,
/// too many for a string or a JSON element each.
/// </summary>
internal static class TokenLists
{
    /// <summary>Upper bounds of the tokens in an object of tokens and ids, and of the length of their spellings.</summary>
    public static (int Tokens, int Bytes) Sizes(ReadOnlySpan<byte> json)
    {
        // "token":7, has a colon, two quotes, a digit and a comma or bracket around the spelling
        int tokens = json.Count((byte)':');
        return (tokens, Math.Max(0, json.Length - (5 * tokens)));
    }

    /// <summary>Token to id, as vocab.json and the <c>vocab</c> of tokenizer.json hold them.</summary>
    /// <param name="json">an object</param>
    /// <param name="tokenizer">takes them</param>
    /// <param name="where">the file, for errors</param>
    /// <param name="key">the object's place in the file with a point behind it; empty for the file itself</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadTokens(ReadOnlySpan<byte> json, BpeTokenizerBuilder tokenizer, string where, string key)
    {
        CheckUtf8(json, where);
        var scanner = new JsonScanner(json);
        ReadOnlySpan<byte> token = default;
        int entry = 0;
        bool fits = scanner.Take('{');
        if (fits && !scanner.Take('}'))
        {
            do
            {
                entry = scanner.Position;
                fits = scanner.TakeString(out token) && scanner.Take(':') && scanner.TakeNumber(out int id) && tokenizer.TryAddToken(token, id);
            }
            while (fits && scanner.Take(','));
            fits &= scanner.Take('}');
        }

        if (!fits || !scanner.AtEnd)
        {
            throw Wrong(json[entry..], json, where, key + Encoding.UTF8.GetString(token), "an id, given once");
        }
    }

    /// <summary>The merges of tokenizer.json: pairs of tokens, or in older files texts with both.</summary>
    /// <param name="json">an array</param>
    /// <param name="tokenizer">takes them</param>
    /// <param name="where">the file, for errors</param>
    /// <param name="key">the array's place in the file</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadMerges(ReadOnlySpan<byte> json, BpeTokenizerBuilder tokenizer, string where, string key)
    {
        CheckUtf8(json, where);
        var scanner = new JsonScanner(json);
        int entry = 0;
        bool fits = scanner.Take('[');
        if (fits && !scanner.Take(']'))
        {
            do
            {
                entry = scanner.Position;
                if (scanner.TakeString(out ReadOnlySpan<byte> both))
                {
                    AddMerge(both, tokenizer, where);
                    continue;
                }

                fits = scanner.Take('[') && scanner.TakeString(out ReadOnlySpan<byte> left) && scanner.Take(',')
                    && scanner.TakeString(out ReadOnlySpan<byte> right) && scanner.Take(']') && Add(left, right);
            }
            while (fits && scanner.Take(','));
            fits &= scanner.Take(']');
        }

        if (!fits || !scanner.AtEnd)
        {
            throw Wrong(json[entry..], json, where, key, "pairs of tokens");
        }

        bool Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            tokenizer.AddMerge(left, right);
            return true;
        }
    }

    /// <summary>merges.txt: one merge a line, with a line about the version.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadMergeLines(ReadOnlySpan<byte> text, BpeTokenizerBuilder tokenizer, string where)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (line.EndsWith("\r"u8))
            {
                line = line[..^1];
            }

            if (!line.IsEmpty && !line.StartsWith("#version"u8))
            {
                AddMerge(line, tokenizer, where);
            }
        }
    }

    /// <summary>One merge: two tokens with a space between.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddMerge(ReadOnlySpan<byte> text, BpeTokenizerBuilder tokenizer, string where)
    {
        int space = text.IndexOf((byte)' ');
        ReadOnlySpan<byte> left = space < 0 ? default : text[..space], right = text[(space + 1)..];
        if (left.IsEmpty || right.IsEmpty || right.Contains((byte)' '))
        {
            throw new SmvlException(
                "not a merge", where, "two tokens with a space between", $"'{Encoding.UTF8.GetString(text)}'", "fetch the file again");
        }

        tokenizer.AddMerge(left, right);
    }

    private static void CheckUtf8(ReadOnlySpan<byte> json, string where)
    {
        if (!Utf8.IsValid(json))
        {
            throw new SmvlException("not UTF-8", where, hint: "fetch the file again");
        }
    }

    /// <summary>The error for a list that is no JSON, or does not hold what it should from some place on.</summary>
    private static SmvlException Wrong(ReadOnlySpan<byte> from, ReadOnlySpan<byte> json, string where, string key, string expected)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.ToArray());
            return JsonSection.WrongValue(where, key, expected, Encoding.UTF8.GetString(from));
        }
        catch (JsonException e)
        {
            return JsonSection.NotJson(where, e);
        }
    }
}
