namespace Smvl.Hubs;

/// <summary>Model folders by a hub's name: <c>Qwen/Qwen3-0.6B</c> stands for the copy on this machine, wherever it was fetched to.</summary>
/// <param name="environment">names the caches of the hubs' own clients</param>
/// <param name="modelFolder">where <c>smvl download resources</c> puts models</param>
internal sealed class LocalModels(HubEnvironment environment, string modelFolder = HubResource.ModelFolder)
{
    /// <summary>Of this process, in the working folder.</summary>
    public static LocalModels OfProcess { get; } = new(HubEnvironment.OfProcess);

    /// <summary>
    /// The folder that a path or a hub's name stands for. What exists is taken as it is, and so is what cannot be a name; a path into a
    /// folder that exists is a path.
    /// </summary>
    /// <param name="pathOrName">as the user wrote it</param>
    /// <param name="notice">gets a line when a name was found</param>
    /// <exception cref="SmvlException">a name without a copy here; says which command fetches it</exception>
    public string Find(string pathOrName, Action<string>? notice = null)
    {
        if (Path.Exists(pathOrName) || RepositoryId.TryParse(RepositoryKind.Model, pathOrName) is not { } repository || Directory.Exists(repository.Owner))
        {
            return pathOrName;
        }

        string[] folders = [Path.Combine(modelFolder, repository.Name), .. new HubCaches(environment).Folders(repository)];
        string found = folders.FirstOrDefault(IsModel) ?? throw new SmvlException(
            "no such folder, and no copy of a hub's model of that name", pathOrName,
            hint: $"smvl download --model {repository} --local_dir {HubResource.ModelFolder}/{repository.Name} fetches it");
        notice?.Invoke($"{repository} is {found}");
        return found;
    }

    // an interrupted download may have left one without weights
    private static bool IsModel(string folder) =>
        File.Exists(Path.Combine(folder, "config.json")) && Directory.EnumerateFiles(folder, "*.safetensors").Any();
}
