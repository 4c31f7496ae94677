namespace Smvl.Hubs;

/// <summary>The environment variables by which both hubs' own clients, and this one, are told where things are, and the folders that follow from them.</summary>
/// <param name="read">a variable's value; null where it is not set</param>
internal sealed class HubEnvironment(Func<string, string?> read)
{
    /// <summary>This process's.</summary>
    public static HubEnvironment OfProcess { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>Where programs keep what they can make again: XDG_CACHE_HOME, or .cache in the user's home.</summary>
    public string Caches => Folder("XDG_CACHE_HOME") ?? Path.Combine(Home, ".cache");

    /// <summary>Where huggingface_hub keeps everything: HF_HOME, or below the user's caches.</summary>
    public string HuggingFaceHome => Folder("HF_HOME") ?? Path.Combine(Caches, "huggingface");

    /// <summary>Where huggingface_hub keeps repositories.</summary>
    public string HuggingFaceCache => Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(HuggingFaceHome, "hub");

    /// <summary>Where modelscope keeps repositories: first where its versions 1 do and we write, then where its later ones do.</summary>
    public IReadOnlyList<string> ModelScopeCaches =>
        Folder("MODELSCOPE_CACHE") is { } cache ? [cache] : [Path.Combine(Home, ".cache", "modelscope", "hub"), Path.Combine(Home, ".cache", "modelscope")];

    private string Home => read("HOME") is { Length: > 0 } home ? home : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>A variable's value without white space around it; null where it is not set, or blank.</summary>
    public string? Text(string name) => read(name)?.Trim() is { Length: > 0 } value ? value : null;

    /// <summary>Whether a variable is 1, on, yes or true, in any case.</summary>
    public bool Flag(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    /// <summary>A folder or file that a variable names, in which ~ stands for the user's home; null where it is not set.</summary>
    public string? Folder(string name) => Text(name) is not { } path ? null : path == "~" ? Home : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(Home, path[2..]) : path;
}
