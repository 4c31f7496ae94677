namespace Smvl.Hubs;

/// <summary>A file of a repository, as its hub lists it.</summary>
/// <param name="Path">in the repository, checked by <see cref="RepositoryPath"/></param>
/// <param name="Size">bytes</param>
/// <param name="Hash">of its content; null where the hub names none</param>
internal sealed record HubFile(string Path, long Size, ContentHash? Hash)
{
    /// <summary>Whether a file on this machine has this one's size and content.</summary>
    /// <param name="path">of the file, which need not exist</param>
    /// <param name="cancellation">stops reading</param>
    public bool IsAt(string path, CancellationToken cancellation)
    {
        if (!HasSizeAt(path))
        {
            return false;
        }

        if (Hash is not { } hash)
        {
            return true;
        }

        using var handle = File.OpenHandle(path);
        return ContentHash.Compute(hash.Kind, handle, cancellation) == hash;
    }

    /// <summary>Whether a file on this machine has this one's size.</summary>
    public bool HasSizeAt(string path) => FileLength.Find(path) == Size;
}
