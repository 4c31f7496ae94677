namespace Smvl.Hubs;

/// <summary>How a file came to where it was asked for.</summary>
internal enum DownloadOutcome
{
    Fetched,

    /// <summary>It was there already.</summary>
    Present,

    /// <summary>A cache of a hub's own client had it.</summary>
    Copied,
}
