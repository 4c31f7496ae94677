using System.Text;

namespace Smvl.Inference;

/// <summary>Ends a text where one of some sequences begins. What may still become one is held back.</summary>
internal sealed class StopSequences
{
    private readonly IReadOnlyList<string> sequences;
    private readonly StringBuilder held = new();

    /// <exception cref="SmvlException">an empty sequence</exception>
    public StopSequences(IReadOnlyList<string> sequences)
    {
        this.sequences = sequences;
        if (sequences.Any(string.IsNullOrEmpty))
        {
            throw new SmvlException("is empty", "stop sequence", "at least one character");
        }
    }

    /// <summary>True from the first sequence on; nothing may be appended then.</summary>
    public bool Found { get; private set; }

    /// <summary>What certainly stands before any sequence.</summary>
    public string Append(string piece)
    {
        string text = held.Append(piece).ToString();
        int found = sequences.Select(sequence => text.IndexOf(sequence, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        Found = found >= 0;
        int certain = Found ? found : text.Length - sequences.Select(sequence => Begun(text, sequence)).DefaultIfEmpty(0).Max();
        held.Clear().Append(text, certain, text.Length - certain);
        return text[..certain];
    }

    /// <summary>What was held back at the end, which became none.</summary>
    public string Finish() => Found ? "" : held.ToString();

    /// <summary>The most characters at the text's end that a sequence begins with.</summary>
    private static int Begun(string text, string sequence)
    {
        for (int length = Math.Min(text.Length, sequence.Length - 1); length > 0; length--)
        {
            if (text.EndsWith(sequence[..length], StringComparison.Ordinal))
            {
                return length;
            }
        }

        return 0;
    }
}
