using System.Runtime.CompilerServices;
using System.Text;

namespace Smvl.Text;

/// <summary>
/// Takes a tokenizer's parts in while its files are read, first the vocabulary, then the merges in their order, all in the files'
/// spelling, as UTF-8.
/// </summary>
/// <param name="where">the file named in errors</param>
/// <param name="tokens">about how many tokens there will be</param>
/// <param name="bytes">about how long their spellings are together</param>
internal sealed class BpeTokenizerBuilder(string where, int tokens, int bytes)
{
    private readonly Vocabulary vocabulary = new(where, tokens, bytes);
    private BytePairMerges? merges;
    private int lastResult;

    /// <summary>A vocabulary has about as many merges as tokens.</summary>
    private BytePairMerges Merges => merges ??= new BytePairMerges(IdsOfBytes(), vocabulary.Count);

    /// <summary>Tokens of the vocabulary.</summary>
    public int TokenCount => vocabulary.Count;

    /// <summary>False where the vocabulary already has the token.</summary>
    public bool TryAddToken(ReadOnlySpan<byte> spelling, int id) => vocabulary.TryAdd(spelling, id);

    /// <exception cref="SmvlException">a byte or a token of the merge is missing in the vocabulary, or the merge was there before</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddMerge(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int leftId = Id(left, "a merge's left part"), rightId = Id(right, "a merge's right part");

        // the results of successive merges have successive ids, where the vocabulary was learnt together with the merges
        ReadOnlySpan<byte> next = vocabulary.Spelling(lastResult + 1);
        lastResult = !next.IsEmpty && next.Length == left.Length + right.Length && next.StartsWith(left) && next.EndsWith(right)
            ? lastResult + 1
            : Id([.. left, .. right], "a merge's result");
        if (!Merges.TryAdd(leftId, rightId, lastResult))
        {
            throw new SmvlException("a merge is listed twice", where, actual: $"'{Encoding.UTF8.GetString(left)} {Encoding.UTF8.GetString(right)}'");
        }
    }

    /// <param name="added">tokens matched as a whole; their ids may be in the vocabulary or behind it</param>
    /// <param name="ignoreMerges">whether a word that is a token is taken whole, whatever the merges say</param>
    /// <exception cref="SmvlException">an id given twice or impossible, or a byte missing</exception>
    public BpeTokenizer Build(IReadOnlyList<AddedToken> added, bool ignoreMerges)
    {
        BytePairMerges complete = Merges;
        foreach (AddedToken token in added)
        {
            if (token.Content.Length == 0 || (!vocabulary.TryAdd(token.Content, token.Id) && vocabulary.TryFind(token.Content, out int id) && id != token.Id))
            {
                throw new SmvlException(
                    "an added token is empty or has another id in the vocabulary", where, actual: $"'{token.Content}' with id {token.Id}");
            }
        }

        return new BpeTokenizer(vocabulary, complete, added, ignoreMerges);
    }

    private int[] IdsOfBytes()
    {
        var ids = new int[256];
        for (int value = 0; value < ids.Length; value++)
        {
            ids[value] = Id(Encoding.UTF8.GetBytes(ByteLevel.Spelling([(byte)value])), $"byte {value}");
        }

        return ids;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Id(ReadOnlySpan<byte> token, string role) => vocabulary.TryFind(token, out int id)
        ? id
        : throw Lacks(token, role);

    private SmvlException Lacks(ReadOnlySpan<byte> token, string role) =>
        new($"the vocabulary lacks {role}", where, actual: $"no '{Encoding.UTF8.GetString(token)}'", hint: "the files do not belong together");
}
