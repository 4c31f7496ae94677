namespace Smvl.Tracking.SwanLab;

/// <summary>How a run ended; numbers as in the record file.</summary>
internal enum SwanLabState
{
    Finished = 1,
    Crashed = 2,
    Aborted = 3,
}

/// <summary>The end of a run.</summary>
/// <param name="State">how it ended</param>
/// <param name="Error">one line; null where there was none</param>
/// <param name="Time">when</param>
internal sealed record SwanLabEnd(SwanLabState State, string? Error, DateTimeOffset Time);
