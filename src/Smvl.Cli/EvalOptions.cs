using System.CommandLine;
using System.Globalization;
using Smvl.Evaluation;
using Smvl.Formats;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary>What <c>smvl eval</c> and <c>smvl compare</c> share: tasks, where answers go, how many are asked.</summary>
internal sealed class EvalOptions
{
    public const string ResultsFile = "results.json", TableFile = "results.md";

    public Option<string[]> Tasks { get; } = new("--task") { Description = "shipped tasks (smvl eval tasks lists them), cauldron:SUBSET, or .yaml files of your own; A,B or repeated", AllowMultipleArgumentsPerToken = true };

    public Option<string?> Data { get; } = new("--data") { Description = "file or folder of the task's rows, where they are elsewhere; for one task" };

    public Option<string> Output { get; } = new("--output") { Description = "folder of answers and results; the same command continues an interrupted run there", DefaultValueFactory = _ => "eval" };

    public Option<int?> Limit { get; } = new("--limit") { Description = "the first so many rows of each task" };

    public Option<int> BatchSize { get; } = new("--batch-size", "--batch_size") { Description = "most questions at a time; no answer depends on it", DefaultValueFactory = _ => EvaluationOptions.DefaultBatchSize };

    public Option<bool> SkipBad { get; } = new("--skip-bad", "--skip_bad") { Description = "count and leave out rows that cannot be used, instead of stopping" };

    public Option<bool> Overwrite { get; } = new("--overwrite") { Description = "begin anew where the folder holds answers already" };

    public Option<string?> Html { get; } = new("--html") { Description = "write one HTML file with scores, and pictures with their answers, wrong ones first" };

    public Option<bool> Json { get; } = new("--json") { Description = "results as JSON instead of tables" };

    public DeviceOption Device { get; } = new();

    public ThreadsOption Threads { get; } = new();

    public IEnumerable<Option> All => [Tasks, Data, Output, Limit, BatchSize, SkipBad, Overwrite, Html, Json, Device, Threads];

    /// <exception cref="UsageException">no task, or numbers that make no sense</exception>
    /// <exception cref="SmvlException">a task that is not known or not well-formed</exception>
    public IReadOnlyList<EvaluationTask> ReadTasks(ParseResult parsed, bool needed = true)
    {
        string[] names = [.. (parsed.GetValue(Tasks) ?? []).SelectMany(name => name.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        if (names.Length == 0 && needed)
        {
            throw new UsageException($"give {Tasks.Name}: one of {string.Join(", ", EvaluationTask.Names)}, {EvaluationTask.CauldronPrefix}SUBSET, or a .yaml file.");
        }

        if (parsed.GetValue(Data) is not null && names.Length != 1)
        {
            throw new UsageException($"{Data.Name} goes with one task.");
        }

        if (parsed.GetValue(Limit) is < 1 || parsed.GetValue(BatchSize) < 1)
        {
            throw new UsageException($"{Limit.Name} and {BatchSize.Name} begin at 1.");
        }

        EvaluationTask[] tasks = [.. names.Select(EvaluationTask.Find)];
        return tasks.GroupBy(task => task.Name).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new UsageException($"two tasks are called {twice.Key}.")
            : tasks;
    }

    /// <summary>Asks a model all tasks; each has a folder of its own below the model's.</summary>
    /// <param name="parsed">the command line</param>
    /// <param name="model">opened</param>
    /// <param name="path">its folder or file</param>
    /// <param name="folder">that of the model's answers</param>
    /// <param name="tasks">what to ask</param>
    /// <param name="textOnly">whether to ask without pictures too</param>
    /// <param name="cancellation">what was answered is kept</param>
    public IReadOnlyList<EvaluationResult> Run(
        ParseResult parsed, IChatModel model, string path, string folder, IReadOnlyList<EvaluationTask> tasks, bool textOnly, CancellationToken cancellation)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        string identity = EvaluationRun.Identify(path);
        var results = new List<EvaluationResult>();
        foreach (EvaluationTask task in tasks)
        {
            EvaluationOptions options = new(task)
            {
                Data = parsed.GetValue(Data),
                Folder = Path.Combine(folder, task.Name),
                Model = identity,
                Limit = parsed.GetValue(Limit),
                BatchSize = parsed.GetValue(BatchSize),
                SkipBad = parsed.GetValue(SkipBad),
                TextOnly = textOnly,
                Overwrite = parsed.GetValue(Overwrite),
            };
            EvaluationResult result = EvaluationRun.Run(model, options, Report(error, task.Name), cancellation);
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{task.Name}: {result.Questions} questions in {result.Seconds:F1} s, answers in {options.Folder}"));
            results.Add(result);
            AtomicFile.WriteText(Path.Combine(options.Folder, ResultsFile), EvaluationJson.Of([result]));
            AtomicFile.WriteText(Path.Combine(options.Folder, TableFile), EvaluationMarkdown.Of([result]));
        }

        return results;
    }

    /// <summary>A line every few seconds.</summary>
    private static Action<int> Report(TextWriter error, string task)
    {
        DateTime last = DateTime.UtcNow;
        return done =>
        {
            if (DateTime.UtcNow - last >= TimeSpan.FromSeconds(5))
            {
                last = DateTime.UtcNow;
                error.WriteLine($"{task}: {done} questions answered");
            }
        };
    }
}
