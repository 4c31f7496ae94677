namespace Smvl.Hubs;

/// <summary>Where files of one listing are put.</summary>
internal interface IDownloadTarget
{
    /// <summary>The folder in which all of them are seen under their own paths.</summary>
    string Folder { get; }

    /// <summary>Where a file's bytes lie when it is whole. Files of one content may share a place.</summary>
    string Destination(HubFile file);

    /// <summary>Where it grows, on the same disk.</summary>
    string Partial(HubFile file);

    /// <summary>The bytes are at <see cref="Destination"/>: makes them seen.</summary>
    void Complete(HubFile file);

    /// <summary>All files are complete.</summary>
    void Finish();
}
