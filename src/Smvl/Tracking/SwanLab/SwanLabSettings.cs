using System.Text.RegularExpressions;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// What SwanLab's environment variables say. Source: swanlab 0.6.8 swanlab/env.py, 0.9.7 sdk/internal/settings, and SwanLabCallback of
/// transformers for <c>SWANLAB_PROJECT</c>.
/// </summary>
internal sealed partial record SwanLabSettings
{
    private const string DefaultApiHost = "https://api.swanlab.cn", DefaultWebHost = "https://swanlab.cn";
    private const string ApiSuffix = "/api";
    private const int LongestProject = 100;

    public required SwanLabMode Mode { get; init; }

    /// <summary>Null: nobody is logged in.</summary>
    public ApiKey? Key { get; init; }

    /// <summary>Folder of runs.</summary>
    public required string LogDir { get; init; }

    /// <summary>Without a slash or <c>/api</c> at the end.</summary>
    public string ApiHost { get; init; } = DefaultApiHost;

    public string WebHost { get; init; } = DefaultWebHost;

    public string? Workspace { get; init; }

    public required string Project { get; init; }

    /// <summary>Null: as the run is called.</summary>
    public string? ExperimentName { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Group { get; init; }

    public string? JobType { get; init; }

    /// <summary>Null: as the project is, private where it is new.</summary>
    public bool? Public { get; init; }

    /// <summary>Null: a new one.</summary>
    public string? RunId { get; init; }

    public SwanLabResume Resume { get; init; }

    public static SwanLabSettings FromEnvironment() =>
        From(Environment.GetEnvironmentVariable, Directory.GetCurrentDirectory(), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <param name="environment">a variable's value or null</param>
    /// <param name="working">the working folder</param>
    /// <param name="home">the user's folder</param>
    /// <exception cref="SmvlException">a variable has a value that it cannot have</exception>
    public static SwanLabSettings From(Func<string, string?> environment, string working, string home)
    {
        string? Get(params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                if (Unquoted(environment(name)) is { Length: > 0 } value)
                {
                    return value;
                }
            }

            return null;
        }

        string save = Get("SWANLAB_SAVE_DIR", "SWANLAB_ROOT") ?? Path.Combine(home, ".swanlab");
        NetRc[] logins = [.. NetRc.Read(Path.Combine(working, ".swanlab", NetRc.FileName)), .. NetRc.Read(Path.Combine(save, NetRc.FileName))];
        string? apiHost = Get("SWANLAB_API_HOST") is { } host ? Host(host) : null;
        NetRc? login = logins.FirstOrDefault(entry => apiHost is null || SameHost(Host(entry.Machine), apiHost));
        ApiKey? key = Get("SWANLAB_API_KEY") is { } given ? new ApiKey(given) : login?.Password;
        return new SwanLabSettings
        {
            Mode = ReadMode(Get("SWANLAB_MODE"), key),
            Key = key,
            LogDir = Path.GetFullPath(Get("SWANLAB_LOG_DIR") ?? "swanlog", working),
            ApiHost = apiHost ?? (login is null ? DefaultApiHost : WithScheme(Host(login.Machine))),
            WebHost = (Get("SWANLAB_WEB_HOST") ?? (login is null || login.Login == login.Machine ? DefaultWebHost : WithScheme(login.Login))).TrimEnd('/'),
            Workspace = Get("SWANLAB_WORKSPACE"),
            Project = ProjectName(Get("SWANLAB_PROJ_NAME", "SWANLAB_PROJECT") ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(working))),
            ExperimentName = Get("SWANLAB_EXP_NAME"),
            Description = Get("SWANLAB_DESCRIPTION"),
            Tags = Get("SWANLAB_TAGS")?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
            Group = Get("SWANLAB_GROUP"),
            JobType = Get("SWANLAB_JOB_TYPE"),
            Public = Get("SWANLAB_PUBLIC") is { } open ? ReadFlag(open) : null,
            RunId = Get("SWANLAB_RUN_ID") is { } id ? CheckedId(id) : null,
            Resume = ReadResume(Get("SWANLAB_RESUME")),
        };
    }

    /// <summary>A host as this class keeps it: 0.6's values end with <c>/api</c>, 0.9's do not.</summary>
    public static string Host(string value)
    {
        string host = value.TrimEnd('/');
        return host.EndsWith(ApiSuffix, StringComparison.Ordinal) ? host[..^ApiSuffix.Length] : host;
    }

    /// <summary>A name with the letters that a project may have; others become dashes.</summary>
    public static string ProjectName(string name)
    {
        string kept = NotOfProjects().Replace(name, "-").Trim('-');
        return kept.Length == 0 ? "smvl" : kept[..Math.Min(kept.Length, LongestProject)];
    }

    private static SwanLabMode ReadMode(string? value, ApiKey? key) => value?.ToLowerInvariant() switch
    {
        // asked for or not, without a key there is no cloud; the run says so and how to upload it later
        null or "cloud" or "online" => key is null ? SwanLabMode.Offline : SwanLabMode.Cloud,
        "local" => SwanLabMode.Local,
        "offline" => SwanLabMode.Offline,
        "disabled" => SwanLabMode.Disabled,
        _ => throw Wrong("SWANLAB_MODE", "cloud, online, local, offline or disabled", value),
    };

    private static SwanLabResume ReadResume(string? value) => value?.ToLowerInvariant() switch
    {
        null or "never" or "false" => SwanLabResume.Never,
        "allow" or "true" => SwanLabResume.Allow,
        "must" => SwanLabResume.Must,
        _ => throw Wrong("SWANLAB_RESUME", "must, allow or never", value),
    };

    private static bool ReadFlag(string value) => value.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" => true,
        "false" or "0" or "no" => false,
        _ => throw Wrong("SWANLAB_PUBLIC", "true or false", value),
    };

    private static string CheckedId(string id) =>
        RunIds().IsMatch(id) ? id : throw Wrong("SWANLAB_RUN_ID", "1 to 64 letters a-z and digits", id);

    private static SmvlException Wrong(string variable, string expected, string actual) => new("the value does not fit", variable, expected, actual);

    private static bool SameHost(string one, string other) => string.Equals(WithScheme(one), WithScheme(other), StringComparison.OrdinalIgnoreCase);

    private static string WithScheme(string host) => host.Contains("://", StringComparison.Ordinal) ? host : $"https://{host}";

    private static string? Unquoted(string? value)
    {
        string? trimmed = value?.Trim();
        return trimmed is ['"', .., '"'] or ['\'', .., '\''] ? trimmed[1..^1] : trimmed;
    }

    [GeneratedRegex(@"[^0-9a-zA-Z_\-+.]+")]
    private static partial Regex NotOfProjects();

    [GeneratedRegex("^[0-9a-z]{1,64}$")]
    private static partial Regex RunIds();
}
