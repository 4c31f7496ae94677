using System.Collections.Concurrent;
using Smvl.Tracking.SwanLab;
using Smvl.Tracking.TensorBoard;
using Smvl.Training;

namespace Smvl.Tracking;

/// <summary>
/// All logs of a run: the Trainer's own, <see cref="JsonLinesTracker"/>, whose failure is the run's, and those that <c>report_to</c>
/// names, which cost a run nothing but a warning when they fail. What they have to say is told on the caller's thread, at the next call.
/// </summary>
internal sealed class TrackerSet : ITracker
{
    public const string SwanLab = "swanlab", TensorBoard = "tensorboard", JsonLines = "jsonl", All = "all", None = "none";

    private static readonly TimeSpan CheckpointPatience = TimeSpan.FromSeconds(2);

    private readonly List<ITracker> trackers = [];
    private readonly ConcurrentQueue<string> notes = new();
    private readonly Action<string> note;
    private bool started;

    /// <param name="arguments">the run's configuration</param>
    /// <param name="note">gets warnings and where the logs are</param>
    public TrackerSet(TrainingArguments arguments, Action<string> note)
    {
        this.note = note;
        trackers.Add(new JsonLinesTracker(arguments.OutputDir));
        if (Wants(arguments, SwanLab) && SwanLabSettings.FromEnvironment() is { Mode: not SwanLabMode.Disabled } settings)
        {
            trackers.Add(Background(SwanLab, new SwanLabTracker(settings, notes.Enqueue)));
        }

        if (Wants(arguments, TensorBoard))
        {
            trackers.Add(Background(TensorBoard, new TensorBoardTracker(TensorBoardTracker.Folder(arguments))));
        }
    }

    /// <summary>What <c>report_to</c> may hold; none stands alone.</summary>
    public static bool Knows(IReadOnlyList<string> names) =>
        names is [None] || (names.Count > 0 && names.All(name => name is SwanLab or TensorBoard or JsonLines or All));

    public void OnStart(TrackedRun run)
    {
        started = true;
        Each(tracker => tracker.OnStart(run));
    }

    public void Log(LogEntry entry) => Each(tracker => tracker.Log(entry));

    public void Measure(LogEntry measured) => Each(tracker => tracker.Measure(measured));

    /// <summary>Tells nobody anything, so that a line about a line is not made.</summary>
    public void LogConsole(string line, bool isError) => trackers.ForEach(tracker => tracker.LogConsole(line, isError));

    public void LogSample(SampleAnswer sample) => Each(tracker => tracker.LogSample(sample));

    public void Flush() => Each(tracker => tracker.Flush());

    /// <summary>A run that never started has no log to end.</summary>
    public void OnEnd(RunEnd end)
    {
        if (started)
        {
            Each(tracker => tracker.OnEnd(end));
        }
    }

    public void Dispose() => Each(tracker => tracker.Dispose());

    private static bool Wants(TrainingArguments arguments, string name) => arguments.ReportTo.Any(wanted => wanted == name || wanted == All);

    private BackgroundTracker Background(string name, ITracker tracker) => new(name, tracker, notes.Enqueue, CheckpointPatience);

    private void Each(Action<ITracker> action)
    {
        trackers.ForEach(action);
        while (notes.TryDequeue(out string? line))
        {
            note(line);
        }
    }
}
