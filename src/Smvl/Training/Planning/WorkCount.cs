using Smvl.Tensors;

namespace Smvl.Training.Planning;

/// <summary>Calls and work of something, by kind of operation; means may be fractions.</summary>
internal sealed class WorkCount
{
    private readonly Dictionary<OperationKind, (double Calls, double Work)> kinds = [];

    public IEnumerable<KeyValuePair<OperationKind, (double Calls, double Work)>> Kinds => kinds;

    /// <summary>Floating point operations of products and attention.</summary>
    public double Flop => kinds.Where(kind => kind.Key.Unit() == WorkUnit.Flop).Sum(kind => kind.Value.Work);

    /// <summary>Adds a share of what a backend counted.</summary>
    public void Add(IReadOnlyDictionary<OperationKind, OperationTally> tallies, double share)
    {
        foreach ((OperationKind kind, OperationTally tally) in tallies)
        {
            (double calls, double work) = kinds.GetValueOrDefault(kind);
            kinds[kind] = (calls + (share * tally.Calls), work + (share * tally.Work));
        }
    }

    /// <summary>Adds a share of another count.</summary>
    public void Add(WorkCount other, double share)
    {
        foreach ((OperationKind kind, (double calls, double work)) in other.kinds)
        {
            (double ownCalls, double ownWork) = kinds.GetValueOrDefault(kind);
            kinds[kind] = (ownCalls + (share * calls), ownWork + (share * work));
        }
    }
}
