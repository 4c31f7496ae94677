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
    /// Shuffles the rows by <paramref name="dataSeed"/> (<see cref="Permutation"/>) and holds the first <paramref name="evalRows"/> out, but
    /// never more than a tenth: fewer than 10 rows hold out none.
    /// </summary>
    /// <param name="rows">the rows there are, ascending</param>
    /// <param name="evalRows">rows to hold out; 0 for none</param>
    /// <param name="dataSeed">the seed of the choice</param>
    /// <exception cref="SmvlException">eval_rows is negative</exception>
    public static Split Create(IReadOnlyList<int> rows, int evalRows, ulong dataSeed)
    {
        if (evalRows < 0)
        {
            throw new SmvlException("cannot hold out fewer than no rows", "eval_rows", "0 or more", $"{evalRows}");
        }

        int[] order = Permutation.Create(rows.Count, dataSeed);
        int held = Math.Min(evalRows, rows.Count / 10);
        return new(Ascending(order[held..].Select(i => rows[i])), Ascending(order[..held].Select(i => rows[i])));
    }

    /// <summary>The rows of datasets, each cut to its limit: the first ones of a shuffle by <paramref name="dataSeed"/>.</summary>
    /// <param name="requests">limits; <c>all</c> has <see cref="AllRows"/> unless it says otherwise</param>
    /// <param name="found">the rows of each, in the same order</param>
    /// <param name="dataSeed">the seed of the choice</param>
    /// <returns>rows of the dataset, ascending</returns>
    public static int[] Limit(IReadOnlyList<DatasetRequest> requests, IReadOnlyList<DatasetPart> found, ulong dataSeed) =>
    [
        .. requests.Zip(found, (request, part) => (request.Limit ?? (request.Name == CauldronSubsets.All ? AllRows : part.Count)) is int limit && limit < part.Count
            ? Ascending(Permutation.Create(part.Count, dataSeed)[..limit].Select(i => part.FirstRow + i))
            : Enumerable.Range(part.FirstRow, part.Count)).SelectMany(rows => rows),
    ];

    private static int[] Ascending(IEnumerable<int> rows) => [.. rows.Order()];
}
