using System.Buffers;

namespace Smvl.Text;

/// <summary>
/// Finds added tokens: the leftmost one, of several there the longest, as the reference's automaton does.
/// A few dozen tokens that nearly all begin with '&lt;' need no automaton: the text is searched for their first characters.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> firsts;
    private readonly AddedToken[] longestFirst;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        longestFirst = [.. tokens.OrderByDescending(token => token.Content.Length)];
        firsts = SearchValues.Create(longestFirst.Select(token => token.Content[0]).Distinct().ToArray());
    }

    /// <summary>The next added token in the text and its index; null where there is none.</summary>
    public AddedToken? Find(ReadOnlySpan<char> text, out int index)
    {
        for (index = 0; index < text.Length; index++)
        {
            int skip = text[index..].IndexOfAny(firsts);
            if (skip < 0)
            {
                break;
            }

            index += skip;
            foreach (AddedToken token in longestFirst)
            {
                if (text[index..].StartsWith(token.Content, StringComparison.Ordinal))
                {
                    return token;
                }
            }
        }

        index = text.Length;
        return null;
    }
}
