using System.Text;

namespace Smvl.Evaluation;

/// <summary>A list of texts and numbers as Python writes it, which some benchmarks store as text: <c>['a', "b's", 3]</c>.</summary>
internal static class PythonList
{
    /// <returns>its elements as texts; null where the text is no such list</returns>
    public static IReadOnlyList<string>? TryParse(string text)
    {
        string trimmed = text.Trim();
        if (trimmed.Length < 2 || trimmed[0] != '[' || trimmed[^1] != ']')
        {
            return null;
        }

        var items = new List<string>();
        ReadOnlySpan<char> rest = trimmed.AsSpan(1, trimmed.Length - 2).TrimStart();
        while (!rest.IsEmpty)
        {
            int length = rest[0] is '\'' or '"' ? ReadQuoted(rest, items) : ReadPlain(rest, items);
            if (length < 0)
            {
                return null;
            }

            rest = rest[length..].TrimStart();
            if (rest.IsEmpty)
            {
                break;
            }

            if (rest[0] != ',')
            {
                return null;
            }

            rest = rest[1..].TrimStart();
        }

        return items;
    }

    private static int ReadPlain(ReadOnlySpan<char> text, List<string> items)
    {
        int length = text.IndexOf(',') is >= 0 and var comma ? comma : text.Length;
        items.Add(text[..length].Trim().ToString());
        return text[..length].IndexOfAny('\'', '"') < 0 && !text[..length].Trim().IsEmpty ? length : -1;
    }

    private static int ReadQuoted(ReadOnlySpan<char> text, List<string> items)
    {
        var item = new StringBuilder();
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == text[0])
            {
                items.Add(item.ToString());
                return i + 1;
            }

            bool escaped = text[i] == '\\' && i + 1 < text.Length;
            item.Append(!escaped ? text[i].ToString() : text[++i] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                var mark when mark is '\\' or '\'' or '"' => mark.ToString(),
                var other => $"\\{other}",
            });
        }

        return -1;
    }
}
