namespace Smvl.Tracking;

/// <summary>How a run ended.</summary>
public enum RunState
{
    Finished,

    /// <summary>Stopped by the user.</summary>
    Interrupted,

    Failed,
}

/// <param name="State">how the run ended</param>
/// <param name="Error">one line; null unless it failed</param>
public sealed record RunEnd(RunState State, string? Error = null);
