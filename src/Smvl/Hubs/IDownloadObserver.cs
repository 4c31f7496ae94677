namespace Smvl.Hubs;

/// <summary>Who watches a download. Called from several threads at once.</summary>
internal interface IDownloadObserver
{
    /// <summary>The repository is listed, and nothing fetched yet.</summary>
    /// <param name="listing">what there is</param>
    /// <param name="files">what was asked for</param>
    void OnPlan(HubListing listing, IReadOnlyList<HubFile> files);

    /// <summary>So many of a file's bytes are here; fewer than before when it is begun anew.</summary>
    void OnProgress(HubFile file, long bytes);

    /// <summary>A file is whole and where it belongs.</summary>
    void OnDone(HubFile file, DownloadOutcome outcome);

    /// <summary>A line for the user.</summary>
    void OnNote(string line);
}
