namespace Smvl.Data;

/// <summary>How many turns of a row are trained on: as its dataset's request says, else as many as of all others.</summary>
/// <param name="requests">what was asked for</param>
/// <param name="parts">the rows of each, in the same order</param>
/// <param name="turns">where a request does not say</param>
internal sealed class RowTurns(IReadOnlyList<DatasetRequest> requests, IReadOnlyList<DatasetPart> parts, int turns)
{
    /// <param name="row">its number in the dataset</param>
    public int Of(int row)
    {
        int part = 0;
        while (row - parts[part].FirstRow >= parts[part].Count)
        {
            part++;
        }

        return requests[part].Turns ?? turns;
    }
}
