namespace Smvl.Tracking.SwanLab;

/// <summary>What <c>SWANLAB_RESUME</c> says about an experiment that the cloud already has under <c>SWANLAB_RUN_ID</c>; numbers as in the record file.</summary>
internal enum SwanLabResume
{
    Never = 0,
    Allow = 1,
    Must = 2,
}
