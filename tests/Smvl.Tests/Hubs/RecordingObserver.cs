using System.Collections.Concurrent;
using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>Remembers what a download told.</summary>
internal sealed class RecordingObserver : IDownloadObserver
{
    public ConcurrentDictionary<string, DownloadOutcome> Done { get; } = new();

    public ConcurrentQueue<string> Notes { get; } = new();

    public ConcurrentDictionary<string, long> Bytes { get; } = new();

    /// <summary>Is told of progress, to interfere.</summary>
    public Action<HubFile, long>? Progress { get; set; }

    public IReadOnlyList<HubFile> Planned { get; private set; } = [];

    public void OnPlan(HubListing listing, IReadOnlyList<HubFile> files) => Planned = files;

    public void OnProgress(HubFile file, long bytes)
    {
        Bytes[file.Path] = bytes;
        Progress?.Invoke(file, bytes);
    }

    public void OnDone(HubFile file, DownloadOutcome outcome) => Done[file.Path] = outcome;

    public void OnNote(string line) => Notes.Enqueue(line);
}
