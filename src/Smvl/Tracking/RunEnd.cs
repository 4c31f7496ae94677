namespace Smvl.Tracking;

/// <summary>The end of a run.</summary>
/// <param name="State">how the run ended</param>
/// <param name="Error">one line; null unless it failed</param>
public sealed record RunEnd(RunState State, string? Error = null);
