using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Smvl.Text;

/// <summary>What a <see cref="BpeTrainer"/> has learnt, in the files' spelling.</summary>
/// <param name="Vocabulary">tokens by id: the 256 bytes, then the results of the merges</param>
/// <param name="Merges">pairs of tokens in the order in which they are merged</param>
public sealed record LearntTokens(IReadOnlyList<string> Vocabulary, IReadOnlyList<(string Left, string Right)> Merges);

/// <summary>
/// Learns the byte pairs of a tokenizer from texts: form C, Qwen's split, then again and again the most frequent pair of
/// neighbouring tokens becomes a token, of equally frequent ones that of the lower ids (Sennrich et al. 2016). Merges and ids equal
/// those of Hugging Face tokenizers (BpeTrainer with the byte-level alphabet and no special tokens).
/// </summary>
public sealed class BpeTrainer
{
    private const int ByteCount = 256;

    private readonly List<string> vocabulary = [];
    private readonly Dictionary<string, int> ids = [];
    private readonly List<(int Left, int Right)> merges = [];
    private readonly Dictionary<(int Left, int Right), long> pairCounts = [];
    private readonly PriorityQueue<Candidate, Candidate> queue = new();
    private readonly List<int>[] words;   // each distinct word's tokens
    private readonly long[] counts;       // how often each occurs

    private BpeTrainer(Dictionary<string, long> occurrences)
    {
        // the bytes stand in the order of the characters that spell them
        byte[] byChar = [.. Enumerable.Range(0, ByteCount).Select(value => (byte)value).OrderBy(value => ByteLevel.Spelling([value]), StringComparer.Ordinal)];
        var idOfByte = new int[ByteCount];
        foreach (byte value in byChar)
        {
            idOfByte[value] = IdOf(ByteLevel.Spelling([value]));
        }

        words = [.. occurrences.Keys.Select(word => Encoding.UTF8.GetBytes(word).Select(value => idOfByte[value]).ToList())];
        counts = [.. occurrences.Values];
    }

    /// <summary>Learns tokens.</summary>
    /// <param name="texts">each for itself: no pair spans two of them</param>
    /// <param name="size">tokens in all, the 256 bytes among them</param>
    /// <param name="wanted">
    /// pairs of bytes that must be a token, as two ASCII characters each: should the texts not teach one, it is the first merge
    /// </param>
    /// <exception cref="SmvlException">a size below 256 and the wanted pairs, or texts with too few pairs for it</exception>
    public static LearntTokens Train(IEnumerable<string> texts, int size, IReadOnlyList<string> wanted)
    {
        Debug.Assert(wanted.All(pair => pair.Length == 2 && Ascii.IsValid(pair)));
        if (size < ByteCount + wanted.Count)
        {
            throw new SmvlException("too few tokens", "vocabulary size", $"at least {ByteCount + wanted.Count}", $"{size}");
        }

        Dictionary<string, long> occurrences = Words(texts);
        LearntTokens learnt = new BpeTrainer(occurrences).Run(size, []);
        string[] lacking = [.. wanted.Where(pair => !learnt.Vocabulary.Contains(ByteLevel.Spelling(Encoding.ASCII.GetBytes(pair))))];
        if (lacking.Length > 0)
        {
            learnt = new BpeTrainer(occurrences).Run(size, lacking);
        }

        return learnt.Vocabulary.Count == size
            ? learnt
            : throw new SmvlException(
                "the texts have too few pairs to learn from", "vocabulary size", $"{size} tokens", $"{learnt.Vocabulary.Count}", "give more texts, or ask for fewer tokens");
    }

    private static Dictionary<string, long> Words(IEnumerable<string> texts)
    {
        var occurrences = new Dictionary<string, long>();
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> bySpan = occurrences.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string text in texts)
        {
            ReadOnlySpan<char> normal = Nfc.Normalize(text);
            for (int start = 0; start < normal.Length;)
            {
                int end = QwenSplit.WordEnd(normal, start);
                CollectionsMarshal.GetValueRefOrAddDefault(bySpan, normal[start..end], out _)++;
                start = end;
            }
        }

        return occurrences;
    }

    private LearntTokens Run(int size, string[] first)
    {
        Propose(Enumerable.Range(0, words.Length).SelectMany(word =>
            Enumerable.Range(1, Math.Max(0, words[word].Count - 1)).Select(i => new Change((words[word][i - 1], words[word][i]), 1, word))));
        foreach (string pair in first)
        {
            (int, int) ids = (IdOf(ByteLevel.Spelling([(byte)pair[0]])), IdOf(ByteLevel.Spelling([(byte)pair[1]])));
            Merge(ids, Enumerable.Range(0, words.Length));
        }

        while (vocabulary.Count < size && queue.TryDequeue(out Candidate? top, out _))
        {
            long count = pairCounts[top.Pair];
            if (top.Count == count)
            {
                Merge(top.Pair, top.Words);
            }
            else if (count > 0)
            {
                // other merges have taken some of its places since it was proposed
                top = top with { Count = count };
                queue.Enqueue(top, top);
            }
        }

        // a token that is made in two ways proposes its pairs twice, and what is merged twice has the rank of the last time
        var last = new Dictionary<(int, int), int>();
        for (int rank = 0; rank < merges.Count; rank++)
        {
            last[merges[rank]] = rank;
        }

        return new LearntTokens(
            vocabulary,
            [.. merges.Where((pair, rank) => last[pair] == rank).Select(pair => (vocabulary[pair.Left], vocabulary[pair.Right]))]);
    }

    private int IdOf(string spelling)
    {
        if (!ids.TryGetValue(spelling, out int id))
        {
            id = vocabulary.Count;
            vocabulary.Add(spelling);
            ids.Add(spelling, id);
        }

        return id;
    }

    /// <summary>Makes a pair one token in those words, from the left, and proposes the pairs that it forms with its neighbours.</summary>
    private void Merge((int Left, int Right) pair, IEnumerable<int> where)
    {
        int result = IdOf(vocabulary[pair.Left] + vocabulary[pair.Right]);
        merges.Add(pair);
        var changes = new List<Change>();
        foreach (int word in where)
        {
            List<int> tokens = words[word];
            int kept = 0;
            for (int i = 0; i < tokens.Count; i++, kept++)
            {
                if (tokens[i] != pair.Left || i + 1 == tokens.Count || tokens[i + 1] != pair.Right)
                {
                    tokens[kept] = tokens[i];
                    continue;
                }

                if (kept > 0)
                {
                    changes.Add(new Change((tokens[kept - 1], pair.Left), -1, word));
                    changes.Add(new Change((tokens[kept - 1], result), 1, word));
                }

                i++;
                if (i + 1 < tokens.Count)
                {
                    changes.Add(new Change((pair.Right, tokens[i + 1]), -1, word));
                    changes.Add(new Change((result, tokens[i + 1]), 1, word));
                }

                tokens[kept] = result;
            }

            tokens.RemoveRange(kept, tokens.Count - kept);
        }

        Propose(changes);
    }

    /// <summary>Counts pairs that have come and gone, and puts those that have come into the queue.</summary>
    private void Propose(IEnumerable<Change> changes)
    {
        var come = new Dictionary<(int, int), HashSet<int>>();
        foreach (Change change in changes)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(pairCounts, change.Pair, out _) += change.By * counts[change.Word];
            if (change.By > 0)
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(come, change.Pair, out _) ??= []).Add(change.Word);
            }
        }

        foreach (((int, int) pair, HashSet<int> where) in come)
        {
            if (pairCounts[pair] > 0)
            {
                var candidate = new Candidate(pair, pairCounts[pair], where);
                queue.Enqueue(candidate, candidate);
            }
        }
    }

    private readonly record struct Change((int Left, int Right) Pair, int By, int Word);

    /// <summary>A pair with its count when it was proposed, and the words it came about in; the first in order is merged first.</summary>
    private sealed record Candidate((int Left, int Right) Pair, long Count, HashSet<int> Words) : IComparable<Candidate>
    {
        public int CompareTo(Candidate? other) =>
            other is null ? 1 : Count != other.Count ? other.Count.CompareTo(Count) : Pair.CompareTo(other.Pair);
    }
}
