namespace Smvl.Hubs;

/// <summary>modelscope's cache: a folder that looks like the repository, whose name has no dots, and a link with the name as it is.</summary>
/// <param name="folder">the repository's folder in the cache</param>
/// <param name="name">the repository's name</param>
internal sealed class ModelScopeCacheTarget(string folder, string name) : LocalFolderTarget(folder)
{
    public override void Finish()
    {
        base.Finish();
        string link = Path.Combine(Path.GetDirectoryName(Folder)!, name);
        if (!OperatingSystem.IsWindows() && !Path.Exists(link) && new FileInfo(link).LinkTarget is null)
        {
            Directory.CreateSymbolicLink(link, Path.GetFileName(Folder));
        }
    }
}
