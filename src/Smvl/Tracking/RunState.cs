namespace Smvl.Tracking;

/// <summary>How a run ended.</summary>
public enum RunState
{
    Finished,

    /// <summary>Stopped by the user.</summary>
    Interrupted,

    Failed,
}
