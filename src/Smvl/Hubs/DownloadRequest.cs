namespace Smvl.Hubs;

/// <summary>What to fetch of a repository, and where to.</summary>
/// <param name="Repository">which</param>
internal sealed record DownloadRequest(RepositoryId Repository)
{
    /// <summary>A branch, tag or commit; null: the hub's default branch.</summary>
    public string? Revision { get; init; }

    /// <summary>Paths; empty: all files.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Patterns of <see cref="FileGlob"/>, of which a path must match one; empty: all paths do.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Paths that come too, where the repository has them, whatever <see cref="Include"/> says.</summary>
    public IReadOnlyList<string> Also { get; init; } = [];

    /// <summary>Patterns of which a path must match none.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The folder for the files; null: the cache of the hub's own client.</summary>
    public string? LocalFolder { get; init; }

    /// <summary>The files that are meant.</summary>
    /// <exception cref="SmvlException">a path that is not there, a pattern that matches nothing</exception>
    public IReadOnlyList<HubFile> Select(HubListing listing)
    {
        string where = $"{listing.Repository} at {listing.Revision}";
        foreach (string path in Files)
        {
            if (listing.Files.All(file => file.Path != path))
            {
                string[] near = [.. NearestNames.Of(path, listing.Files.Select(file => file.Path)).Take(3)];
                throw new SmvlException($"no such file: {path}", where, hint: near.Length == 0 ? "there are no files" : $"there is {string.Join(", ", near)}");
            }
        }

        FileGlob[] exclude = [.. Exclude.Select(pattern => new FileGlob(pattern))];
        (string Pattern, FileGlob Glob)[] include = [.. Include.Select(pattern => (pattern, new FileGlob(pattern)))];
        if (include.FirstOrDefault(each => !listing.Files.Any(file => each.Glob.Matches(file.Path))) is { Pattern: { } nothing })
        {
            IEnumerable<string> tops = listing.Files.Select(file => file.Path.Split('/')).Select(parts => parts.Length > 1 ? $"{parts[0]}/" : parts[0]).Distinct();
            throw new SmvlException($"no file matches {nothing}", where, hint: $"there is {string.Join(", ", NearestNames.Of(nothing, tops).Take(5))}");
        }

        HubFile[] chosen = [.. listing.Files.Where(file =>
            (Files.Count == 0 || Files.Contains(file.Path))
            && (include.Length == 0 || include.Any(each => each.Glob.Matches(file.Path)) || Also.Contains(file.Path))
            && !exclude.Any(glob => glob.Matches(file.Path)))];
        return chosen.Length > 0 ? chosen : throw new SmvlException("there is nothing to fetch", where, hint: "every file is excluded, or the repository is empty");
    }
}
