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

    private readonly Vocabulary vocabulary;
    private readonly BytePairMerges merges;
    private readonly bool ignoreMerges;
    private readonly AddedTokenMatcher plain;
    private readonly AddedTokenMatcher normalized;
    private readonly HashSet<int> specialIds;
    private readonly ConcurrentDictionary<string, int[]> cache = new();
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cacheBySpan;
    private int cached;

    internal BpeTokenizer(Vocabulary vocabulary, BytePairMerges merges, IReadOnlyList<AddedToken> added, bool ignoreMerges)
    {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.ignoreMerges = ignoreMerges;
        AddedTokens = added;
        plain = new AddedTokenMatcher(added.Where(token => !token.Normalized));
        normalized = new AddedTokenMatcher(
            added.Where(token => token.Normalized).Select(token => token with { Content = Nfc.Normalize(token.Content).ToString() }));
        specialIds = [.. added.Where(token => token.Special).Select(token => token.Id)];
        cacheBySpan = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The tokens matched as a whole, special ones and others.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>One more than the highest id; a model's embedding may have more rows, never fewer.</summary>
    public int VocabularySize => vocabulary.Size;

    /// <summary>Whether a word that is a token is taken whole, whatever the merges say.</summary>
    internal bool IgnoresMerges => ignoreMerges;

    /// <summary>The merges in their order, as merges.txt has them: two tokens with a space between.</summary>
    internal IReadOnlyList<string> Merges => [.. merges.InOrder().Select(pair => $"{IdToToken(pair.Left)} {IdToToken(pair.Right)}")];

    /// <summary>The id of a token as the files spell it (byte-level: a space is Ġ), or null.</summary>
    public int? TokenToId(string token) => vocabulary.TryFind(token, out int id) ? id : null;

    /// <summary>The files' spelling of a token, or null where the id has none.</summary>
    public string? IdToToken(int id) => vocabulary.Spelling(id) is { IsEmpty: false } spelling ? Encoding.UTF8.GetString(spelling) : null;

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
    public byte[] Bytes(int id, bool skipSpecialTokens) =>
        skipSpecialTokens && specialIds.Contains(id) ? [] : ByteLevel.Bytes(vocabulary.Spelling(id));

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
        if (ignoreMerges && vocabulary.TryFind(ByteLevel.Spelling(utf8.AsSpan(0, length)), out int whole))
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
}
