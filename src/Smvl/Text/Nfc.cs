using System.Collections;
using System.Globalization;
using System.Text;

namespace Smvl.Text;

/// <summary>
/// Unicode normalisation form C (UAX #15), which Qwen's tokenizer applies before it splits.
/// Our own because <c>string.Normalize</c> changes nothing in the invariant mode the library runs in (no ICU to install, one
/// behaviour on every system), and because the reference's table is older than the system's; nfc.txt says which.
/// </summary>
internal static class Nfc
{
    // Hangul syllables are composed by arithmetic (The Unicode Standard, 3.12): S = ((L * 21) + V) * 28 + T.
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28;

    /// <summary>Below it, every character is in form C and stays so.</summary>
    private const int FirstSuspect = 0x300;

    private static readonly Dictionary<int, byte> Classes = [];
    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int, int), int> Compositions = [];

    /// <summary>
    /// Bit c: a text with the code point c may not be in form C (NFC_Quick_Check is not "yes", or the class is not 0).
    /// A text without such code points is, which is nearly every text.
    /// </summary>
    private static readonly BitArray Suspects = new(0x110000);

    static Nfc()
    {
        using Stream stream = typeof(Nfc).Assembly.GetManifestResourceStream("Smvl.Text.nfc.txt")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                ReadLine(line);
            }
        }

        for (int vowel = VBase; vowel < VBase + VCount; vowel++)
        {
            Suspects[vowel] = true;
        }

        for (int tail = TBase + 1; tail < TBase + TCount; tail++)
        {
            Suspects[tail] = true;
        }
    }

    /// <summary>The text in form C; the text itself where it already is.</summary>
    /// <exception cref="SmvlException">The text holds half a surrogate pair, which no encoding can carry.</exception>
    public static ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        // A character that is no suspect never joins what stands before it, so the text may be cut in front of it:
        // only the stretches from such a character over the suspects behind it are worked on.
        StringBuilder? normal = null;
        int copied = 0;
        int boundary = 0;
        int stretch = -1;
        for (int i = 0; i < text.Length; i++)
        {
            int start = i;
            if (text[i] >= FirstSuspect && Suspects[CodePoint(text, ref i)])
            {
                stretch = stretch < 0 ? boundary : stretch;
                continue;
            }

            boundary = start;
            if (stretch >= 0)
            {
                normal = Append(normal, text[copied..stretch], text[stretch..start]);
                copied = start;
                stretch = -1;
            }
        }

        if (stretch >= 0)
        {
            return Append(normal, text[copied..stretch], text[stretch..]).ToString();
        }

        return normal is null ? text : normal.Append(text[copied..]).ToString();
    }

    private static StringBuilder Append(StringBuilder? normal, ReadOnlySpan<char> settled, ReadOnlySpan<char> stretch) =>
        (normal ?? new StringBuilder()).Append(settled).Append(Compose(Decompose(stretch)));

    /// <summary>The code point at an index, which moves onto the last of its units.</summary>
    private static int CodePoint(ReadOnlySpan<char> text, ref int index)
    {
        char c = text[index];
        if (!char.IsSurrogate(c))
        {
            return c;
        }

        if (!char.IsHighSurrogate(c) || index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1]))
        {
            throw new SmvlException(
                "text holds half a surrogate pair", $"character {index}", actual: $"U+{(int)c:X4}", hint: "repair the text's encoding");
        }

        return char.ConvertToUtf32(c, text[++index]);
    }

    private static void ReadLine(string line)
    {
        int mark = line.IndexOfAny(['-', '=', '!']);
        int first = Hex(line.AsSpan(0, mark));
        if (line[mark] == '-')
        {
            int space = line.IndexOf(' ');
            byte combiningClass = byte.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture);
            for (int point = first; point <= Hex(line.AsSpan(mark + 1, space - mark - 1)); point++)
            {
                Classes[point] = combiningClass;
                Suspects[point] = true;
            }

            return;
        }

        int[] parts = [.. line[(mark + 1)..].Split(' ').Select(part => Hex(part))];
        Decompositions[first] = parts;
        if (line[mark] == '=')
        {
            Compositions[(parts[0], parts[1])] = first;
            Suspects[parts[1]] = true;
        }
        else
        {
            Suspects[first] = true;
        }
    }

    private static int Hex(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static int Class(int point) => Classes.GetValueOrDefault(point);

    /// <summary>The canonical decomposition, its marks in the order of their classes.</summary>
    private static List<int> Decompose(ReadOnlySpan<char> text)
    {
        var points = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, points);
        }

        // Insertion sort, stable, within each run of marks.
        for (int i = 1; i < points.Count; i++)
        {
            int mark = points[i];
            int combiningClass = Class(mark);
            int to = i;
            while (combiningClass != 0 && to > 0 && Class(points[to - 1]) > combiningClass)
            {
                points[to] = points[to - 1];
                to--;
            }

            points[to] = mark;
        }

        return points;
    }

    private static void Decompose(int point, List<int> points)
    {
        int syllable = point - SBase;
        if (syllable is >= 0 and < LCount * VCount * TCount)
        {
            points.Add(LBase + (syllable / (VCount * TCount)));
            points.Add(VBase + (syllable / TCount % VCount));
            if (syllable % TCount != 0)
            {
                points.Add(TBase + (syllable % TCount));
            }
        }
        else if (Decompositions.TryGetValue(point, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, points);
            }
        }
        else
        {
            points.Add(point);
        }
    }

    private static string Compose(List<int> points)
    {
        int starter = -1; // index of the last starter written
        int count = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combiningClass = Class(point);

            // A mark is blocked from the starter by one of its own class, or of none, between the two.
            bool adjacent = starter >= 0 && count - 1 == starter;
            if (starter >= 0 && (adjacent || Class(points[count - 1]) < combiningClass) &&
                Composite(points[starter], point) is { } composite)
            {
                points[starter] = composite;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = count;
            }

            points[count++] = point;
        }

        var text = new StringBuilder(count);
        foreach (int point in points[..count])
        {
            text.Append(new Rune(point).ToString());
        }

        return text.ToString();
    }

    private static int? Composite(int first, int second)
    {
        if (first - LBase is >= 0 and < LCount && second - VBase is >= 0 and < VCount)
        {
            return SBase + ((((first - LBase) * VCount) + second - VBase) * TCount);
        }

        if (first - SBase is >= 0 and < LCount * VCount * TCount && (first - SBase) % TCount == 0 && second - TBase is > 0 and < TCount)
        {
            return first + second - TBase;
        }

        return Compositions.TryGetValue((first, second), out int composite) ? composite : null;
    }
}
