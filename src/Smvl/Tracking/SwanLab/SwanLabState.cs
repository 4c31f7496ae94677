namespace Smvl.Tracking.SwanLab;

/// <summary>How a run ended; numbers as in the record file.</summary>
internal enum SwanLabState
{
    Finished = 1,
    Crashed = 2,
    Aborted = 3,
}
