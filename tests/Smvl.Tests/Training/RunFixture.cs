using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Runs on the fixtures' model and data, and a way to look at what they left.</summary>
internal static class RunFixture
{
    /// <summary>Keys that all runs on the fixtures share: the spliced model, the rows of fixtures/training/data, and samples as the original scripts make them unless told otherwise.</summary>
    public static List<string> Keys(string outputDir, params IEnumerable<string> more) =>
    [
        "--model", Golden.Path("spliced"),
        "--data_dir", Golden.Path("training", "data"),
        "--train_data", "fixture",
        "--output_dir", outputDir,
        "--report_to", "none",
        .. Original.Chunk(2).Where(pair => !more.Contains(pair[0])).SelectMany(pair => pair),
        .. more,
    ];

    /// <summary>A row's first turn and first picture, and a loss on the question too.</summary>
    public static IReadOnlyList<string> Original { get; } = ["--turns", "first", "--max_images", "1", "--loss_on", "all"];

    /// <summary>As the fixtures' runs were made: in file order, nothing held out, every step logged.</summary>
    public static List<string> GoldenKeys(string outputDir) =>
        Keys(outputDir, "--eval_rows", "0", "--train_sampling_strategy", "sequential", "--logging_steps", "1");

    /// <summary>The run that fixtures/training/<paramref name="name"/>.json is of.</summary>
    public static List<string> GoldenKeys(string name, string outputDir)
    {
        List<string> keys = [.. GoldenKeys(outputDir), "--freeze", FreezeOf(name)];
        foreach (JsonProperty argument in Golden.Json("training", name + ".json").GetProperty("args").EnumerateObject())
        {
            keys.AddRange([$"--{argument.Name}", argument.Value.ToString()]);
        }

        return keys;
    }

    public static TrainingResult Run(List<string> keys, RecordingObserver? observer = null, int threads = 2, CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(threads);
        return Run(keys, backend, observer, cancellation);
    }

    public static TrainingResult Run(List<string> keys, Backend backend, RecordingObserver? observer = null, CancellationToken cancellation = default) =>
        TrainingRun.Run(TrainingArguments.FromCommandLine(keys), backend, observer ?? new RecordingObserver(), cancellation);

    private static string FreezeOf(string name) => name.Split('-')[0] switch
    {
        "connector" => "connector",
        "vision" => "connector+vision",
        "full" => "full",
        string other => throw new InvalidDataException($"fixture {name}: {other} is no freeze policy"),
    };

    /// <summary>Every tensor of a folder's weights as bytes, by name.</summary>
    public static Dictionary<string, byte[]> Weights(string folder)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        return weights.Tensors.ToDictionary(t => t.Key, t =>
        {
            using var stream = new MemoryStream();
            HostBytes.CopyTo(t.Value, stream);
            return stream.ToArray();
        });
    }
}

/// <summary>Keeps what a run reports; can be told to act at a step.</summary>
internal sealed class RecordingObserver : ITrainingObserver
{
    public List<StepReport> Steps { get; } = [];

    public List<string> Notes { get; } = [];

    public List<string> Saved { get; } = [];

    public List<string> Trainable { get; } = [];

    public List<(int Step, double Loss)> Evaluations { get; } = [];

    private Action<string>? Copy { get; set; }

    public Action<int>? AtStep { get; init; }

    public void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps) => Trainable.AddRange(trainable);

    public void OnStep(StepReport report)
    {
        Steps.Add(report);
        AtStep?.Invoke(report.Step);
    }

    public void OnEvaluated(int step, double loss, double seconds) => Evaluations.Add((step, loss));

    public void OnSaved(string folder) => Saved.Add(folder);

    public void OnNote(string line)
    {
        Notes.Add(line);
        Copy?.Invoke(line);
    }

    public void CopyTo(Action<string> line) => Copy = line;
}
