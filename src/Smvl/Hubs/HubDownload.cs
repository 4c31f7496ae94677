using System.Globalization;

namespace Smvl.Hubs;

/// <summary>
/// Fetches files of a repository: those that are where they belong are left alone, those that a cache of the hubs' own clients holds
/// are copied, all others come from the hub. What was fetched before an interruption is not fetched again.
/// </summary>
/// <param name="hub">where from</param>
/// <param name="environment">names the caches</param>
/// <param name="observer">who watches</param>
internal sealed class HubDownload(Hub hub, HubEnvironment environment, IDownloadObserver observer)
{
    public const int DefaultConnections = 8;

    private readonly HubCaches caches = new(environment);

    /// <summary>Most requests at once.</summary>
    public int Connections { get; init; } = DefaultConnections;

    /// <summary>Most bytes of one request: larger files come in pieces side by side.</summary>
    public long PieceBytes { get; init; } = 64 << 20;

    /// <summary>Free bytes of the disk that holds an existing folder.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder =>
        new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;

    /// <returns>the folder that holds the files under their own paths</returns>
    /// <exception cref="SmvlException">anything that the user can mend, in one line</exception>
    /// <exception cref="OperationCanceledException">interrupted; the same request continues</exception>
    public async Task<string> Run(DownloadRequest request, CancellationToken cancellation)
    {
        if (hub.Settings.OfflineBy is { } variable)
        {
            return FindOffline(request, variable);
        }

        try
        {
            HubListing listing = await hub.List(request.Repository, request.Revision, cancellation).ConfigureAwait(false);
            IReadOnlyList<HubFile> files = request.Select(listing);
            IDownloadTarget target = Target(request, listing);
            observer.OnPlan(listing, files);
            CheckRoom(target, files);
            using SemaphoreSlim connections = new(Connections);
            await Parallel.ForEachAsync(
                files.GroupBy(target.Destination),
                new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = cancellation },
                async (same, stop) =>
                {
                    DownloadOutcome outcome = await Bring(listing, same.First(), target, connections, stop).ConfigureAwait(false);
                    foreach (HubFile file in same)
                    {
                        target.Complete(file);
                        observer.OnProgress(file, file.Size);
                        observer.OnDone(file, outcome);
                    }
                }).ConfigureAwait(false);
            target.Finish();
            return target.Folder;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)   // also what breaks when connections are torn down
        {
            throw new OperationCanceledException(cancellation);
        }
    }

    private async Task<DownloadOutcome> Bring(HubListing listing, HubFile file, IDownloadTarget target, SemaphoreSlim connections, CancellationToken cancellation)
    {
        string destination = target.Destination(file), partial = target.Partial(file);
        if (file.IsAt(destination, cancellation))
        {
            return DownloadOutcome.Present;
        }

        // without a hash a file elsewhere is only known by its size
        string? copy = file.Hash is null ? null : caches.Candidates(listing.Repository, file).FirstOrDefault(path => file.IsAt(path, cancellation));
        if (copy is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(partial)!);
            PartialFile.Delete(partial);
            File.Copy(copy, partial);
            PartialFile.Commit(partial, destination);
            return DownloadOutcome.Copied;
        }

        await new FileDownload(hub, listing, file, connections, PieceBytes, observer).Run(partial, destination, cancellation).ConfigureAwait(false);
        return DownloadOutcome.Fetched;
    }

    private IDownloadTarget Target(DownloadRequest request, HubListing listing) => (request.LocalFolder, hub.Kind) switch
    {
        ({ } folder, HubKind.HuggingFace) => new HuggingFaceFolderTarget(folder, listing.Commit!),
        ({ } folder, _) => new LocalFolderTarget(folder),
        (null, HubKind.HuggingFace) => new HuggingFaceCacheTarget(caches.HuggingFace(listing.Repository), listing, links: !environment.Flag("HF_HUB_DISABLE_SYMLINKS")),
        (null, _) => new ModelScopeCacheTarget(caches.ModelScope(listing.Repository), listing.Repository.Name),
    };

    private void CheckRoom(IDownloadTarget target, IReadOnlyList<HubFile> files)
    {
        long needed = files.DistinctBy(target.Destination)
            .Where(file => !file.HasSizeAt(target.Destination(file)))
            .Sum(file => file.Size - PartialFile.HaveAt(target.Partial(file), file));
        string existing = Path.GetFullPath(target.Folder);
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing)!;
        }

        long free = FreeBytes(existing);
        if (needed > free)
        {
            throw new SmvlException("the disk has not enough room", target.Folder, Bytes(needed), Bytes(free), "nothing was fetched; make room, or choose files");
        }
    }

    private string FindOffline(DownloadRequest request, string variable)
    {
        string? found = request.LocalFolder is { } local ? Directory.Exists(local) ? local : null
            : hub.Kind == HubKind.HuggingFace ? caches.FindSnapshot(request.Repository, request.Revision ?? hub.DefaultRevision)
            : Directory.Exists(caches.ModelScope(request.Repository)) ? caches.ModelScope(request.Repository) : null;
        if (found is null || !request.Files.All(path => File.Exists(Path.Combine(found, path))))
        {
            throw new SmvlException($"{variable} forbids the network, and there is no copy of it on this machine", $"{request.Repository}", hint: $"unset {variable} to fetch it");
        }

        observer.OnNote($"{variable} forbids the network: nothing was compared with the hub");
        return found;
    }

    private static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} bytes free");
}
