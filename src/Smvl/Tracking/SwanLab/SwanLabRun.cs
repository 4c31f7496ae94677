using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Smvl.Tracking.SwanLab;

/// <summary>A run, its folder and what names it.</summary>
internal sealed record SwanLabRun
{
    /// <summary>The SDK whose files and requests these are.</summary>
    public const string Version = "0.9.7";

    public const string ConfigFile = "config.yaml", MetadataFile = "swanlab-metadata.json";

    private const string FolderPrefix = "run-";
    private const string IdLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 21;

    /// <summary>Muted hues, readable on white and on black.</summary>
    private static readonly string[] Palette = ["#528d59", "#587ad2", "#c24d46", "#9cbe5d", "#6ebad3", "#dfb142", "#6d4ba4", "#8cc5b7", "#892d58", "#40877c"];

    public required string Folder { get; init; }

    public required string Id { get; init; }

    public required string Project { get; init; }

    public string? Workspace { get; init; }

    public bool? Public { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Group { get; init; }

    public string? JobType { get; init; }

    public SwanLabResume Resume { get; init; }

    public required DateTimeOffset Started { get; init; }

    public IReadOnlyList<KeyValuePair<string, JsonElement>> Configuration { get; init; } = [];

    /// <summary>A JSON object; null where there is none.</summary>
    public byte[]? Metadata { get; init; }

    /// <summary>Of the run's curves.</summary>
    public string Color => Palette[Id.Sum(letter => letter) % Palette.Length];

    /// <summary>Folder of the runs.</summary>
    public string LogDir => Path.GetDirectoryName(Folder)!;

    public string FolderName => Path.GetFileName(Folder);

    public string Files => Path.Combine(Folder, "files");

    /// <summary>The record file of 0.8 and later.</summary>
    public string RecordFile => Path.Combine(Folder, $"{FolderName}.swanlab");

    /// <summary>Makes the folder of a new run; another second is waited for where its name is taken.</summary>
    /// <param name="settings">of the environment</param>
    /// <param name="name">of the run, where the environment has none</param>
    /// <param name="configuration">what is logged as such</param>
    /// <param name="metadata">writes an object about the machine, told the run's folder</param>
    public static SwanLabRun Create(
        SwanLabSettings settings, string name, IReadOnlyList<KeyValuePair<string, JsonElement>> configuration, Func<string, byte[]> metadata)
    {
        Directory.CreateDirectory(settings.LogDir);
        if (!Directory.EnumerateFileSystemEntries(settings.LogDir).Any())
        {
            File.WriteAllText(Path.Combine(settings.LogDir, ".gitignore"), "*");
        }

        string id = settings.RunId ?? NewId();
        DateTimeOffset started = DateTimeOffset.Now;
        string folder = At(started);
        while (Directory.Exists(folder))
        {
            Thread.Sleep(TimeSpan.FromSeconds(1));
            started = DateTimeOffset.Now;
            folder = At(started);
        }

        foreach (string part in (ReadOnlySpan<string>)["files", "media", "logs", "console"])
        {
            Directory.CreateDirectory(Path.Combine(folder, part));
        }

        return new SwanLabRun
        {
            Folder = folder,
            Id = id,
            Project = settings.Project,
            Workspace = settings.Workspace,
            Public = settings.Public,
            Name = settings.ExperimentName ?? name,
            Description = settings.Description,
            Tags = settings.Tags,
            Group = settings.Group,
            JobType = settings.JobType,
            Resume = settings.Resume,
            Started = started,
            Configuration = configuration,
            Metadata = metadata(folder),
        };

        string At(DateTimeOffset time) => Path.Combine(
            settings.LogDir, string.Create(CultureInfo.InvariantCulture, $"{FolderPrefix}{time:yyyyMMdd_HHmmss}-{id}"));
    }

    /// <summary>Letters and digits, as long as 0.6 has them; 0.8 and later take them too.</summary>
    public static string NewId() => RandomNumberGenerator.GetString(IdLetters, IdLength);
}
