using System.Diagnostics;
using Smvl.Tensors;
using Smvl.Training.Planning;

namespace Smvl.Tests.Training.Planning;

/// <summary>Seconds from rates, against arithmetic by hand.</summary>
public sealed class MachineSpeedTests
{
    [Fact]
    public void SecondsFollowTheRateOfEachKind()
    {
        MachineSpeed speed = new(
            new Dictionary<OperationKind, OperationTally>
            {
                [OperationKind.LinearForward] = Tally(10, 2, 200),
                [OperationKind.AttentionForward] = Tally(10, 1, 50),
                [OperationKind.Elementwise] = Tally(4, 1, 10),
                [OperationKind.Allocation] = Tally(100, 0.5, 0),
            },
            outside: 0.25);
        WorkCount work = new();
        work.Add(
            new Dictionary<OperationKind, OperationTally>
            {
                [OperationKind.LinearForward] = Tally(1, 0, 100),           // 1 s
                [OperationKind.AttentionForward] = Tally(1, 0, 10),         // 0.2 s
                [OperationKind.LinearBackwardInput] = Tally(1, 0, 250),     // not measured: as products and attention together, 250 / (250 / 3) = 3 s
                [OperationKind.Copy] = Tally(1, 0, 20),                     // not measured: as other bytes, 2 s
                [OperationKind.Allocation] = Tally(20, 0, 0),               // 0.1 s
            },
            share: 0.5);
        Assert.Equal(0.5 * 1.25 * (1 + 0.2 + 3 + 2 + 0.1), speed.Seconds(work), 9);
        Assert.Equal(0.5 * 360, work.Flop);
    }

    private static OperationTally Tally(long calls, double seconds, long work) => new(calls, (long)(seconds * Stopwatch.Frequency), work);
}
