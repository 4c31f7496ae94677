namespace Smvl.Data;

/// <summary>
/// Which rows train and which are held out, both ascending: in file order, which <c>train_sampling_strategy: sequential</c>
/// keeps and <c>random</c> shuffles anew for every epoch.
/// </summary>
public sealed record Split(int[] Train, int[] Eval)
{
    /// <summary>The rows that <c>train_data: all</c> is cut to, as in the original scripts.</summary>
    public const int AllRows = 60 * 1024;

    public const int DefaultEvalRows = 64;

    /// <summary>
    /// Shuffles the rows by <paramref name="dataSeed"/> (<see cref="Permutation"/>), keeps the first <paramref name="maxRows"/>, and
    /// holds the first <paramref name="evalRows"/> of these out, but never more than a tenth: fewer than 10 rows hold out none.
    /// </summary>
    /// <param name="count">rows in the dataset</param>
    /// <param name="evalRows">rows to hold out; 0 for none</param>
    /// <param name="dataSeed">the seed of the choice</param>
    /// <param name="maxRows">rows to keep in all; <see cref="AllRows"/> for <c>all</c>, null for every row</param>
    /// <exception cref="SmvlException">eval_rows is negative</exception>
    public static Split Create(int count, int evalRows, ulong dataSeed, int? maxRows = null)
    {
        if (evalRows < 0)
        {
            throw new SmvlException("cannot hold out fewer than no rows", "eval_rows", "0 or more", $"{evalRows}");
        }

        int[] order = Permutation.Create(count, dataSeed);
        int kept = Math.Min(count, maxRows ?? count);
        int held = Math.Min(evalRows, kept / 10);
        return new(Ascending(order[held..kept]), Ascending(order[..held]));
    }

    private static int[] Ascending(int[] rows)
    {
        Array.Sort(rows);
        return rows;
    }
}
