using System.Text;
using Smvl.Training;

namespace Smvl.Evaluation;

/// <summary>How a task's rows are laid out.</summary>
public enum TaskFormat
{
    /// <summary>One question a row, its parts in columns that the task names.</summary>
    Columns,

    /// <summary>The_cauldron's schema, one question a turn, of the rows that training holds out.</summary>
    Cauldron,
}

/// <summary>What a task's answer column holds.</summary>
public enum AnswerKind
{
    /// <summary>The answer, or a list of them.</summary>
    Text,

    /// <summary>The right choice's place, from 0.</summary>
    Index,

    /// <summary>The answer, or a list of them as Python writes it.</summary>
    Literal,
}

/// <summary>MMBench's circular evaluation: a question counts when it is answered right in every rotation of its choices.</summary>
public enum Circular
{
    None,

    /// <summary>The file has the rotations: rows whose numbers are equal modulo a million.</summary>
    File,

    /// <summary>They are made from each row.</summary>
    Rotate,
}

/// <summary>
/// A task: where its questions are, how they are put, how answers are scored. A YAML file of the keys in <see cref="TaskKeys"/>; those
/// that come with the program are named by <see cref="Names"/>.
/// </summary>
public sealed record EvaluationTask
{
    /// <summary>A subset of the_cauldron follows it: its held-out rows.</summary>
    public const string CauldronPrefix = "cauldron:";

    private const string ResourcePrefix = "Smvl.Evaluation.Tasks.", Extension = ".yaml";

    public required string Name { get; init; }

    /// <summary>The file's text.</summary>
    public required string Text { get; init; }

    /// <summary>Folder that relative paths of data start from; null for the working directory.</summary>
    public string? Folder { get; init; }

    public string Description { get; init; } = "";

    /// <summary>OWNER/NAME on the hubs; null where it is not there.</summary>
    public string? Dataset { get; init; }

    /// <summary>Where a single file is fetched; null where <see cref="Dataset"/> says it.</summary>
    public string? Url { get; init; }

    /// <summary>Folder or file of the rows.</summary>
    public required string Data { get; init; }

    /// <summary>Which files below <see cref="Data"/>; <c>*</c> takes in folders.</summary>
    public string Files { get; init; } = "*";

    public TaskFormat Format { get; init; }

    public string System { get; init; } = "";

    public string Prompt { get; init; } = "";

    /// <summary>For rows without choices; empty: as <see cref="Prompt"/>.</summary>
    public string OpenPrompt { get; init; } = "";

    public IReadOnlyList<string> Images { get; init; } = [];

    public string Answer { get; init; } = "";

    public AnswerKind AnswerKind { get; init; }

    /// <summary>A column with the list of choices, or a column for each.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Letters of choices that stand in the question itself, such as ABCD.</summary>
    public string Letters { get; init; } = "";

    public string? Id { get; init; }

    public string? Category { get; init; }

    public string? Group { get; init; }

    public string? Kind { get; init; }

    public Circular Circular { get; init; }

    public required string Metric { get; init; }

    /// <summary>Whether the score is the mean over categories instead of over questions.</summary>
    public bool AverageOfCategories { get; init; }

    public int MaxNewTokens { get; init; } = 32;

    public int EvalRows { get; init; } = Smvl.Data.Split.DefaultEvalRows;

    public int DataSeed { get; init; } = 42;

    /// <summary>The tasks that come with the program.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(EvaluationTask).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Select(name => name[ResourcePrefix.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <param name="nameOrPath">a shipped task, <c>cauldron:SUBSET</c>, or the path of a .yaml file</param>
    /// <exception cref="SmvlException">no such task, an unknown key, or a value that does not fit; names file and line</exception>
    public static EvaluationTask Find(string nameOrPath)
    {
        if (nameOrPath.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || nameOrPath.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(nameOrPath))!;
            return TaskKeys.Read(YamlConfig.Read(nameOrPath), File.ReadAllText(nameOrPath), nameOrPath) with { Folder = folder };
        }

        if (nameOrPath.StartsWith(CauldronPrefix, StringComparison.Ordinal))
        {
            string subset = nameOrPath[CauldronPrefix.Length..];
            EvaluationTask task = Shipped("cauldron");
            return task with { Name = subset, Data = Path.Combine(task.Data, subset) };
        }

        return Names.Contains(nameOrPath)
            ? Shipped(nameOrPath)
            : throw new SmvlException(
                $"there is no task {nameOrPath}", "--task", $"one of {string.Join(", ", Names)}, {CauldronPrefix}SUBSET, or the path of a {Extension} file",
                hint: $"did you mean {NearestNames.Of(nameOrPath, Names).First()}?");
    }

    /// <summary>The YAML text of a shipped task.</summary>
    public static string ShippedText(string name)
    {
        using Stream stream = typeof(EvaluationTask).Assembly.GetManifestResourceStream(ResourcePrefix + name + Extension)
            ?? throw new SmvlException($"there is no task {name}", expected: string.Join(", ", Names));
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static EvaluationTask Shipped(string name)
    {
        string text = ShippedText(name);
        return TaskKeys.Read(YamlConfig.Parse(text, name + Extension), text, name + Extension);
    }
}
