using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace Smvl.Text;

/// <summary>
/// Qwen's tokenizer: added tokens are cut out, the rest is brought into form C, split into words, and each word's UTF-8 bytes are
/// merged by byte pairs. Ids equal those of Hugging Face tokenizers. Safe for use from several threads.
/// Read one with <see cref="TokenizerFiles.Load"/>.
/// </summary>
public sealed class BpeTokenizer
{
    // Words of a language repeat, whole Chinese clauses do not: short words only, and no more of them than fit a few megabytes.
    private const int CachedLength = 24, CachedWords = 1 << 16;

    private readonly BytePairMerges merges;
    private readonly bool ignoreMerges;
    private readonly Dictionary<string, int> idOfToken;
    private readonly string?[] tokens;
    private readonly byte[]?[] bytes;
    private readonly AddedTokenMatcher plain;
    private readonly AddedTokenMatcher normalized;
    private readonly HashSet<int> specialIds;
    private readonly ConcurrentDictionary<string, int[]> cache = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cacheBySpan;
    private int cached;

    /// <param name="vocabulary">byte-level spelling to id, all 256 single bytes among them</param>
    /// <param name="mergeList">pairs of spellings, in the order of their ranks</param>
    /// <param name="added">tokens matched as a whole; their ids may be in the vocabulary or behind it</param>
    /// <param name="ignoreMerges">whether a word that is a token is taken whole, whatever the merges say</param>
    /// <param name="where">the file named in errors</param>
    /// <exception cref="SmvlException">An id given twice, a byte or a merge's token missing, a merge repeated.</exception>
    public BpeTokenizer(
        IReadOnlyDictionary<string, int> vocabulary,
        IReadOnlyList<(string Left, string Right)> mergeList,
        IReadOnlyList<AddedToken> added,
        bool ignoreMerges,
        string where)
    {
        this.ignoreMerges = ignoreMerges;
        AddedTokens = added;
        idOfToken = new Dictionary<string, int>(vocabulary);
        foreach (AddedToken token in added)
        {
            if (token.Content.Length == 0 || (idOfToken.TryGetValue(token.Content, out int id) && id != token.Id))
            {
                throw new SmvlException(
                    "an added token is empty or has another id in the vocabulary", where, actual: $"'{token.Content}' with id {token.Id}");
            }

            idOfToken[token.Content] = token.Id;
        }

        tokens = ById(idOfToken, where);
        bytes = [.. tokens.Select(token => token is null ? null : ByteLevel.Bytes(token))];
        merges = Merges(vocabulary, mergeList, where);
        plain = new AddedTokenMatcher(added.Where(token => !token.Normalized));
        normalized = new AddedTokenMatcher(
            added.Where(token => token.Normalized).Select(token => token with { Content = Nfc.Normalize(token.Content).ToString() }));
        specialIds = [.. added.Where(token => token.Special).Select(token => token.Id)];
        cacheBySpan = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The tokens matched as a whole, special ones and others.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>One more than the highest id; a model's embedding may have more rows, never fewer.</summary>
    public int VocabularySize => tokens.Length;

    /// <summary>The id of a token as the files spell it (byte-level: a space is Ġ), or null.</summary>
    public int? TokenToId(string token) => idOfToken.TryGetValue(token, out int id) ? id : null;

    /// <summary>The files' spelling of a token, or null where the id has none.</summary>
    public string? IdToToken(int id) => (uint)id < (uint)tokens.Length ? tokens[id] : null;

    /// <summary>The ids of a text; no token is put before or behind it.</summary>
    /// <exception cref="SmvlException">The text holds half a surrogate pair.</exception>
    public int[] Encode(string text)
    {
        var ids = new List<int>((text.Length / 2) + 8);
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            AddedToken? token = plain.Find(rest, out int index);
            EncodeNormalized(Nfc.Normalize(rest[..index]), ids);
            rest = Take(token, rest[index..], ids);
        }

        return [.. ids];
    }

    /// <summary>
    /// The text of ids. Bytes that are no UTF-8 become U+FFFD; ids without a token (rows that pad the embedding) become nothing,
    /// as in the reference.
    /// </summary>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (int id in ids)
        {
            buffer.Write(Bytes(id, skipSpecialTokens));
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The UTF-8 bytes an id stands for, possibly part of a character; none for an id without a token.</summary>
    internal ReadOnlySpan<byte> Bytes(int id, bool skipSpecialTokens) =>
        (uint)id >= (uint)bytes.Length || (skipSpecialTokens && specialIds.Contains(id)) ? default : bytes[id];

    private static ReadOnlySpan<char> Take(AddedToken? token, ReadOnlySpan<char> rest, List<int> ids)
    {
        if (token is null)
        {
            return default;
        }

        ids.Add(token.Id);
        return rest[token.Content.Length..];
    }

    private void EncodeNormalized(ReadOnlySpan<char> rest, List<int> ids)
    {
        while (!rest.IsEmpty)
        {
            AddedToken? token = normalized.Find(rest, out int index);
            ReadOnlySpan<char> text = rest[..index];
            for (int start = 0; start < text.Length;)
            {
                int end = QwenSplit.WordEnd(text, start);
                EncodeWord(text[start..end], ids);
                start = end;
            }

            rest = Take(token, rest[index..], ids);
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        bool cacheable = word.Length <= CachedLength;
        if (cacheable && cacheBySpan.TryGetValue(word, out int[]? known))
        {
            ids.AddRange(known);
            return;
        }

        byte[] utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        int length = Encoding.UTF8.GetBytes(word, utf8);
        int[] merged = ArrayPool<int>.Shared.Rent(length);
        int count;
        if (ignoreMerges && idOfToken.TryGetValue(ByteLevel.Spelling(utf8.AsSpan(0, length)), out int whole))
        {
            merged[0] = whole;
            count = 1;
        }
        else
        {
            count = merges.Merge(utf8.AsSpan(0, length), merged);
        }

        ids.AddRange(merged.AsSpan(0, count));
        if (cacheable && cached < CachedWords && cacheBySpan.TryAdd(word, merged[..count]))
        {
            Interlocked.Increment(ref cached);
        }

        ArrayPool<int>.Shared.Return(merged);
        ArrayPool<byte>.Shared.Return(utf8);
    }

    private static string?[] ById(Dictionary<string, int> idOfToken, string where)
    {
        int last = idOfToken.Count == 0 ? -1 : idOfToken.Values.Max();
        if (idOfToken.Values.Any(id => id < 0) || last >= (2 * idOfToken.Count) + 1024)
        {
            throw new SmvlException(
                "token ids are impossible", where, $"0 to about {idOfToken.Count}", $"{idOfToken.Values.Min()} to {last}", "fetch the file again");
        }

        var tokens = new string?[last + 1];
        foreach ((string token, int id) in idOfToken)
        {
            if (tokens[id] is { } other)
            {
                throw new SmvlException("two tokens have one id", where, actual: $"'{other}' and '{token}' have {id}");
            }

            tokens[id] = token;
        }

        return tokens;
    }

    private static BytePairMerges Merges(
        IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> mergeList, string where)
    {
        int Id(string token, string role) => vocabulary.TryGetValue(token, out int id)
            ? id
            : throw new SmvlException($"the vocabulary lacks {role}", where, actual: $"no '{token}'", hint: "the files do not belong together");

        var idOfByte = new int[256];
        for (int value = 0; value < idOfByte.Length; value++)
        {
            idOfByte[value] = Id(ByteLevel.Spelling([(byte)value]), $"byte {value}");
        }

        var seen = new HashSet<(int, int)>();
        var list = new List<(int, int, int)>(mergeList.Count);
        foreach ((string left, string right) in mergeList)
        {
            (int leftId, int rightId) = (Id(left, "a merge's left part"), Id(right, "a merge's right part"));
            list.Add((leftId, rightId, Id(left + right, "a merge's result")));
            if (!seen.Add((leftId, rightId)))
            {
                throw new SmvlException("a merge is listed twice", where, actual: $"'{left} {right}'");
            }
        }

        return new BytePairMerges(idOfByte, list);
    }
}
