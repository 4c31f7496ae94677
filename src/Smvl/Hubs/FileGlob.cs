using System.Text;
using System.Text.RegularExpressions;

namespace Smvl.Hubs;

/// <summary>
/// Patterns of paths as Python's fnmatch reads them, which both hubs' clients use: <c>*</c> any characters, <c>/</c> too, <c>?</c> one,
/// <c>[abc]</c>, <c>[a-z]</c> and <c>[!a]</c> one of some; a pattern that ends in <c>/</c> means everything below. Case counts.
/// </summary>
internal sealed class FileGlob
{
    private readonly Regex regex;

    public FileGlob(string pattern) =>
        regex = new Regex(Translate(pattern.EndsWith('/') ? pattern + '*' : pattern), RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking);

    public bool Matches(string path) => regex.IsMatch(path);

    private static string Translate(string pattern)
    {
        var text = new StringBuilder(@"\A");
        for (int i = 0; i < pattern.Length; i++)
        {
            int end;
            switch (pattern[i])
            {
                case '*':
                    text.Append(".*");
                    break;
                case '?':
                    text.Append('.');
                    break;
                case '[' when (end = EndOfSet(pattern, i)) > 0:
                    text.Append(Set(pattern[(i + 1)..end]));
                    i = end;
                    break;
                default:
                    text.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        return text.Append(@"\z").ToString();
    }

    // A bracket right behind the opening one, or behind its !, is a member. 0: the opening one stands for itself.
    private static int EndOfSet(string pattern, int start)
    {
        int first = start + 1;
        first += first < pattern.Length && pattern[first] == '!' ? 1 : 0;
        return first < pattern.Length ? Math.Max(pattern.IndexOf(']', first + 1), 0) : 0;
    }

    private static string Set(string members)
    {
        bool not = members[0] == '!';
        var text = new StringBuilder(not ? "[^" : "[");
        for (int i = not ? 1 : 0; i < members.Length; i++)
        {
            bool isRange = i + 2 < members.Length && members[i + 1] == '-';
            if (isRange && members[i] <= members[i + 2])
            {
                text.Append(Member(members[i])).Append('-').Append(Member(members[i + 2]));
            }
            else if (!isRange)
            {
                text.Append(Member(members[i]));
            }

            i += isRange ? 2 : 0;   // a range that runs backwards holds nothing
        }

        bool isEmpty = text.Length == (not ? 2 : 1);
        return isEmpty ? not ? "." : @"[^\s\S]" : text.Append(']').ToString();
    }

    private static string Member(char c) => $@"\u{(int)c:x4}";
}
