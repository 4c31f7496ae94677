namespace Smvl.Hubs;

/// <summary>Where the hubs' own clients keep repositories: huggingface_hub, and modelscope in its versions 1 and later.</summary>
/// <param name="environment">names the caches</param>
internal sealed class HubCaches(HubEnvironment environment)
{
    private const string DefaultBranch = "main";

    /// <summary>A repository's folder in huggingface_hub's cache, whether it is there or not.</summary>
    public string HuggingFace(RepositoryId repository) =>
        Path.Combine(environment.HuggingFaceCache, $"{Plural(repository)}--{repository.Owner}--{repository.Name}");

    /// <summary>A repository's folder in modelscope's cache as its versions 1 lay it out, whether it is there or not.</summary>
    public string ModelScope(RepositoryId repository) => ModelScopeFolders(repository).First();

    /// <summary>The snapshot of a revision in huggingface_hub's cache; null where it has none.</summary>
    public string? FindSnapshot(RepositoryId repository, string revision)
    {
        string folder = HuggingFace(repository), reference = Reference(folder, revision);
        string commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision;
        return RepositoryPath.IsSafe(commit) && Snapshot(folder, commit) is { } snapshot && Directory.Exists(snapshot) ? snapshot : null;
    }

    /// <summary>The repository's folders in all caches that have one at its default branch, in the order in which to look.</summary>
    public IEnumerable<string> Folders(RepositoryId repository) =>
        (FindSnapshot(repository, DefaultBranch) is { } snapshot ? [snapshot] : Array.Empty<string>())
        .Concat(ModelScopeFolders(repository).Where(Directory.Exists));

    /// <summary>Where a file of a repository may lie already, of its size; whether it is its content is for the caller to see.</summary>
    public IEnumerable<string> Candidates(RepositoryId repository, HubFile file)
    {
        string cached = HuggingFace(repository), snapshots = Path.Combine(cached, "snapshots");
        IEnumerable<string> blob = file.Hash is { } hash ? [Blob(cached, hash)] : [];
        IEnumerable<string> seen = Directory.Exists(snapshots) ? Directory.EnumerateDirectories(snapshots).Order(StringComparer.Ordinal) : [];
        return blob.Concat(seen.Concat(ModelScopeFolders(repository)).Select(folder => Path.Combine(folder, file.Path))).Where(file.HasSizeAt);
    }

    /// <summary>A commit's folder in a repository's folder.</summary>
    public static string Snapshot(string repository, string commit) => Path.Combine(repository, "snapshots", commit);

    /// <summary>A content's file in a repository's folder.</summary>
    public static string Blob(string repository, ContentHash hash) => Path.Combine(repository, "blobs", hash.Hex);

    /// <summary>The file that says which commit a branch or tag is, in a repository's folder.</summary>
    /// <exception cref="SmvlException">the name would leave the folder</exception>
    public static string Reference(string repository, string revision) => Path.Combine(repository, "refs", RepositoryPath.Check(revision, "revision"));

    /// <summary>
    /// A model's name by its folder: the folder's own, except in the caches, which call a model's folder by a commit or write a dot as three underscores.
    /// </summary>
    public static string ModelName(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string[] parts = full.Split(Path.DirectorySeparatorChar);
        return parts is [.., { } repository, "snapshots", _] && repository.Split("--", 3) is ["models", _, { } ofSnapshot] ? ofSnapshot
            : parts is [.., "models", { } pair] && pair.Split("--", 2) is [_, { } ofPair] ? ofPair
            : parts is [.., "models", _, { } escaped] ? escaped.Replace("___", ".", StringComparison.Ordinal)
            : parts[^1];
    }

    private IEnumerable<string> ModelScopeFolders(RepositoryId repository) => environment.ModelScopeCaches
        .Select(cache => Path.Combine(cache, Plural(repository)))
        .SelectMany(cache => repository.Kind == RepositoryKind.Model
            ? new[]
            {
                Path.Combine(cache, repository.Owner, repository.Name.Replace(".", "___", StringComparison.Ordinal)),
                Path.Combine(cache, repository.Owner, repository.Name),
                Path.Combine(cache, $"{repository.Owner}--{repository.Name}"),
            }
            : [Path.Combine(cache, repository.Owner, repository.Name), Path.Combine(cache, $"{repository.Owner}--{repository.Name}")]);

    private static string Plural(RepositoryId repository) => repository.Kind == RepositoryKind.Model ? "models" : "datasets";
}
