namespace Smvl.Data;

/// <summary>
/// Cuts an epoch's rows, in their order, into micro-batches: of so many samples, or of as many as hold no more than so many tokens. As
/// samples lie one behind the other without padding, tokens are what a step's time and memory follow.
/// </summary>
/// <param name="samples">of a batch, where no tokens are given</param>
/// <param name="dropLast">whether an epoch's last batch is left out: with <paramref name="samples"/> where it is short, with tokens always</param>
/// <param name="tokens">most tokens of a batch; null: as many as its samples have</param>
/// <param name="lengths">tokens of each row of the dataset, none above <paramref name="tokens"/>; null where no tokens are given</param>
internal sealed class BatchCutter(int samples, bool dropLast, int? tokens = null, IReadOnlyList<int>? lengths = null)
{
    public IEnumerable<int[]> Cut(int[] rows)
    {
        for (int from = 0, to; from < rows.Length; from = to)
        {
            to = tokens is { } most ? Fill(rows, from, most) : Math.Min(rows.Length, from + samples);
            bool isShort = to == rows.Length && (tokens is not null || to - from < samples);
            if (!(dropLast && isShort))
            {
                yield return rows[from..to];
            }
        }
    }

    private int Fill(int[] rows, int from, int most)
    {
        int to = from;
        for (int sum = 0; to < rows.Length && (to == from || sum + lengths![rows[to]] <= most); to++)
        {
            sum += lengths![rows[to]];
        }

        return to;
    }
}
