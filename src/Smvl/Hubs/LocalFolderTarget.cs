namespace Smvl.Hubs;

/// <summary>A folder that looks like the repository. What is unfinished is in a hidden folder in it.</summary>
/// <param name="folder">made where it is missing</param>
internal class LocalFolderTarget(string folder) : IDownloadTarget
{
    private readonly string unfinished = Path.Combine(folder, ".cache", "smvl");

    public string Folder => folder;

    public string Destination(HubFile file) => Path.Combine(folder, file.Path);

    public string Partial(HubFile file) => Path.Combine(unfinished, file.Path + ".part");

    public virtual void Complete(HubFile file)
    {
    }

    public virtual void Finish()
    {
        if (Directory.Exists(unfinished) && !Directory.EnumerateFiles(unfinished, "*", SearchOption.AllDirectories).Any())
        {
            Directory.Delete(unfinished, recursive: true);
            string parent = Path.GetDirectoryName(unfinished)!;
            if (!Directory.EnumerateFileSystemEntries(parent).Any())
            {
                Directory.Delete(parent);
            }
        }
    }
}
