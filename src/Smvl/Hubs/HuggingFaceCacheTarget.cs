using System.Security.Cryptography;
using System.Text;
using Smvl.Formats;

namespace Smvl.Hubs;

/// <summary>
/// huggingface_hub's cache: contents under their hashes in <c>blobs</c>, seen through links in <c>snapshots/COMMIT</c>, the commit of a
/// branch in <c>refs</c>. Without links the files themselves are in the snapshot.
/// </summary>
internal sealed class HuggingFaceCacheTarget : IDownloadTarget
{
    private readonly string repository;
    private readonly HubListing listing;
    private readonly bool links;

    /// <param name="repository">the repository's folder in the cache</param>
    /// <param name="listing">with its commit</param>
    /// <param name="links">false where the user wants none; where the system has none, none are made</param>
    public HuggingFaceCacheTarget(string repository, HubListing listing, bool links)
    {
        this.repository = repository;
        this.listing = listing;
        Folder = HubCaches.Snapshot(repository, listing.Commit!);
        Directory.CreateDirectory(Folder);
        this.links = links && CanLink();
    }

    public string Folder { get; }

    // a content without a name of its own cannot be shared
    public string Destination(HubFile file) => links && file.Hash is { } hash ? HubCaches.Blob(repository, hash) : Seen(file);

    // not *.incomplete, which the official client takes for its own
    public string Partial(HubFile file)
    {
        string name = links && file.Hash is { } hash ? hash.Hex : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Path)));
        return Path.Combine(repository, "blobs", $"{name}.smvl-part");
    }

    public void Complete(HubFile file)
    {
        string seen = Seen(file), bytes = Destination(file);
        if (seen == bytes)
        {
            return;
        }

        string folder = Path.GetDirectoryName(seen)!;
        Directory.CreateDirectory(folder);
        string target = Path.GetRelativePath(folder, bytes);
        if (new FileInfo(seen).LinkTarget != target)
        {
            File.Delete(seen);
            File.CreateSymbolicLink(seen, target);
        }
    }

    public void Finish()
    {
        if (listing.Revision != listing.Commit)
        {
            string reference = HubCaches.Reference(repository, listing.Revision);
            Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
            AtomicFile.Write(reference, stream => stream.Write(Encoding.ASCII.GetBytes(listing.Commit!)));
        }
    }

    private string Seen(HubFile file) => Path.Combine(Folder, file.Path);

    private bool CanLink()
    {
        string probe = Path.Combine(Folder, $".smvl-{Environment.ProcessId}");
        try
        {
            File.CreateSymbolicLink(probe, "none");
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)   // Windows allows it to some users only
        {
            return false;
        }
    }
}
