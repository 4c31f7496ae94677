namespace Smvl.Data;

/// <summary>
/// Which rows each epoch takes of a mixture's datasets. Without weights and repeats that is every row once. A dataset that is repeated or
/// weighted gives so many rows an epoch, and takes them from passes through its rows that are shuffled by the seed: no row comes again
/// before all others came, over the borders of epochs too. Any epoch can be found without walking to it.
/// </summary>
public sealed class Mixture
{
    private readonly Part[] parts;
    private readonly ulong seed;

    private Mixture(Part[] parts, int dataSeed)
    {
        this.parts = parts;
        seed = SplitMix64.Mix(SplitMix64.Mix((ulong)dataSeed) + 1);
        long sum = parts.Sum(part => (long)part.RowsPerEpoch);
        RowsPerEpoch = sum <= int.MaxValue
            ? (int)sum
            : throw new SmvlException("too many rows", "train_data", $"at most {int.MaxValue} an epoch", $"{sum}", "repeat the datasets less");
    }

    /// <summary>Rows of every epoch, those that come more than once counted so.</summary>
    public int RowsPerEpoch { get; }

    /// <summary>The mixture in words, which a run that continues must have again: <c>cocoqa 46223, own.jsonl 120 of 60</c>.</summary>
    public string Description => string.Join(", ", parts.Select(part =>
        part.RowsPerEpoch == part.Rows.Length ? $"{part.Name} {part.Rows.Length}" : $"{part.Name} {part.RowsPerEpoch} of {part.Rows.Length}"));

    /// <param name="requests">what was asked for</param>
    /// <param name="found">the rows of each, in the same order</param>
    /// <param name="train">the rows to train on, ascending</param>
    /// <param name="dataSeed">the seed of the passes</param>
    /// <exception cref="SmvlException">a weighted dataset has no row left to train on, or an epoch would have too many</exception>
    public static Mixture Create(IReadOnlyList<DatasetRequest> requests, IReadOnlyList<DatasetPart> found, int[] train, int dataSeed)
    {
        double weights = requests.Sum(request => request.Weight ?? 0);
        return new Mixture([.. requests.Zip(found, (request, part) =>
        {
            int[] rows = [.. train.SkipWhile(row => row < part.FirstRow).TakeWhile(row => row - part.FirstRow < part.Count)];
            double perEpoch = request.Weight is { } weight ? train.Length * weight / weights : rows.Length * (request.Repeat ?? 1);
            if (rows.Length == 0 && request.Weight is not null)
            {
                throw new SmvlException($"dataset {request.Name} has a weight and no row to train on", "train_data", "at least one", "all are held out", "lower eval_rows");
            }

            return new Part(request.Name, rows, rows.Length == 0 ? 0 : (int)Math.Clamp(Math.Round(perEpoch), 1, int.MaxValue));
        })], dataSeed);
    }

    /// <summary>The rows of one epoch, dataset behind dataset.</summary>
    /// <param name="epoch">from 0</param>
    /// <param name="inFileOrder">whether the passes keep the files' order</param>
    public int[] Epoch(int epoch, bool inFileOrder)
    {
        var taken = new List<int>(RowsPerEpoch);
        for (int p = 0; p < parts.Length; p++)
        {
            Part part = parts[p];
            long at = (long)epoch * part.RowsPerEpoch;
            for (long end = at + part.RowsPerEpoch; at < end;)
            {
                long pass = at / part.Rows.Length;
                int from = (int)(at % part.Rows.Length), to = (int)Math.Min(part.Rows.Length, from + end - at);
                taken.AddRange(Pass(p, pass, whole: inFileOrder || to - from == part.Rows.Length)[from..to]);
                at += to - from;
            }
        }

        return [.. taken];
    }

    /// <summary>One pass through a dataset; whoever takes all of it, or wants the files' order, gets that.</summary>
    private int[] Pass(int part, long pass, bool whole)
    {
        int[] rows = parts[part].Rows;
        return whole ? rows : [.. Permutation.Create(rows.Length, SplitMix64.Mix(seed + (ulong)part) + (ulong)pass).Select(i => rows[i])];
    }

    private sealed record Part(string Name, int[] Rows, int RowsPerEpoch);
}
