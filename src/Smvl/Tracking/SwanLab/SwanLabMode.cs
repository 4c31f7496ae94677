namespace Smvl.Tracking.SwanLab;

/// <summary>What <c>SWANLAB_MODE</c> says. All but disabled write the same run folder.</summary>
internal enum SwanLabMode
{
    /// <summary>Uploads too.</summary>
    Cloud,

    /// <summary>For <c>swanlab watch</c>.</summary>
    Local,

    /// <summary>To be uploaded later.</summary>
    Offline,

    Disabled,
}
