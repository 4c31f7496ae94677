namespace Smvl.Formats;

/// <summary>
/// An output folder that appears whole or not at all: it is filled under a temporary name beside its place and renamed by
/// <see cref="Commit"/>; disposed without that, it is deleted.
/// </summary>
internal sealed class StagedFolder : IDisposable
{
    private readonly string destination;
    private bool committed;

    private StagedFolder(string destination, string path)
    {
        this.destination = destination;
        Path = path;
    }

    /// <summary>Where to write until the commit.</summary>
    public string Path { get; }

    /// <param name="destination">a folder that does not exist yet, or an empty one</param>
    /// <exception cref="SmvlException">the destination is a file or a folder that is not empty</exception>
    public static StagedFolder Create(string destination)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(destination));
        if (File.Exists(full))
        {
            throw new SmvlException("the output is a file", destination, "a new or empty folder", hint: "choose another output");
        }

        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any())
        {
            throw new SmvlException(
                "the output folder is not empty",
                destination,
                "a new or empty folder",
                $"{Directory.EnumerateFileSystemEntries(full).Count()} entries",
                "choose another output or empty it");
        }

        string path = $"{full}.partial-{Environment.ProcessId}";
        Directory.CreateDirectory(path);
        return new StagedFolder(full, path);
    }

    /// <summary>Hands everything to the disk, then moves the folder to its place.</summary>
    public void Commit()
    {
        DurableFiles.FlushTree(Path);
        if (Directory.Exists(destination))
        {
            Directory.Delete(destination);   // empty, else this throws
        }

        Directory.Move(Path, destination);
        DurableFiles.FlushFolder(System.IO.Path.GetDirectoryName(destination)!);
        committed = true;
    }

    public void Dispose()
    {
        if (!committed && Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
