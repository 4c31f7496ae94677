namespace Smvl.Formats;

/// <summary>
/// Files that appear in a folder all together or not at all: they are written under their names in a folder of their own inside it, and
/// moved by <see cref="Commit"/>; disposed without that, they are deleted.
/// </summary>
internal sealed class StagedFiles : IDisposable
{
    private readonly string destination;
    private readonly string staging;
    private readonly IReadOnlyList<string> names;
    private readonly bool isNewFolder;

    private StagedFiles(string destination, IReadOnlyList<string> names)
    {
        this.destination = destination;
        this.names = names;
        isNewFolder = !Directory.Exists(destination);
        staging = Path.Combine(destination, $".partial-{Environment.ProcessId}");
        Directory.CreateDirectory(staging);
    }

    /// <summary>Where to write a file until the commit.</summary>
    public string this[string name] => Path.Combine(staging, name);

    /// <param name="destination">a folder, made if it is not there</param>
    /// <param name="names">of the files</param>
    /// <param name="replace">whether files of these names may be there already</param>
    /// <exception cref="SmvlException">the destination is a file, or has one of the files</exception>
    public static StagedFiles Create(string destination, IReadOnlyList<string> names, bool replace)
    {
        if (File.Exists(destination))
        {
            throw new SmvlException("the output is a file", destination, "a folder", hint: "choose another output");
        }

        string? there = names.Select(name => Path.Combine(destination, name)).FirstOrDefault(File.Exists);
        return there is null || replace
            ? new StagedFiles(destination, names)
            : throw new SmvlException("the output is there already", there, "no file of this name", hint: "add --force to replace it");
    }

    /// <summary>Moves the files to their places.</summary>
    public void Commit()
    {
        foreach (string name in names)
        {
            File.Move(this[name], Path.Combine(destination, name), overwrite: true);
        }

        Directory.Delete(staging);
        DurableFiles.FlushFolder(destination);
    }

    public void Dispose()
    {
        if (Directory.Exists(staging))
        {
            Directory.Delete(staging, recursive: true);
            if (isNewFolder && !Directory.EnumerateFileSystemEntries(destination).Any())
            {
                Directory.Delete(destination);
            }
        }
    }
}
