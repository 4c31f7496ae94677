namespace Smvl.Tracking.SwanLab;

/// <summary>The end of a run.</summary>
/// <param name="State">how it ended</param>
/// <param name="Error">one line; null where there was none</param>
/// <param name="Time">when</param>
internal sealed record SwanLabEnd(SwanLabState State, string? Error, DateTimeOffset Time);
