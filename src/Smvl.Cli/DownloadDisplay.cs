using System.Collections.Concurrent;
using Smvl.Hubs;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>Shows a download: on a terminal a bar for each file that is on its way and one for all, elsewhere plain lines a few seconds apart.</summary>
internal abstract class DownloadDisplay : IDownloadObserver
{
    private readonly ConcurrentDictionary<DownloadOutcome, int> done = new();
    private string repository = "";

    protected DownloadMeter Meter { get; } = new();

    /// <summary>Runs something under the display that fits the writer.</summary>
    public static Task<T> Watch<T>(TextWriter output, Func<DownloadDisplay, Task<T>> run) =>
        TerminalText.IsTerminal(output) ? Live.Run(run) : run(new Plain(TextWriter.Synchronized(output)));

    public void OnPlan(HubListing listing, IReadOnlyList<HubFile> files)
    {
        long bytes = files.Sum(file => file.Size);
        repository = $"{listing.Repository}";
        Line($"{repository} at {TerminalText.Printable(listing.Revision)}: {Count(files.Count)}, {ByteSize.Text(bytes)}");
        Meter.Begin(bytes);
        Begin(bytes);
    }

    public void OnProgress(HubFile file, long bytes) => Show(file, bytes, Meter.Add(file, bytes));

    public void OnDone(HubFile file, DownloadOutcome outcome)
    {
        done.AddOrUpdate(outcome, 1, (_, count) => count + 1);
        if (outcome != DownloadOutcome.Present)
        {
            Line($"{(outcome == DownloadOutcome.Fetched ? "fetched" : "copied")} {file.Path}");
        }
    }

    public void OnNote(string line) => Line(TerminalText.Printable(line));

    /// <summary>What was done, in one line.</summary>
    /// <param name="folder">where the files are</param>
    public string Summary(string folder)
    {
        string[] parts =
        [
            .. Part(DownloadOutcome.Fetched, "fetched"),
            .. Part(DownloadOutcome.Copied, "copied from the cache of a hub's client"),
            .. Part(DownloadOutcome.Present, "there already"),
        ];
        return parts.Length == 0 ? $"the files are in {folder}" : $"{repository} is in {folder}: {string.Join(", ", parts)}";

        string[] Part(DownloadOutcome outcome, string how) => done.TryGetValue(outcome, out int count) ? [$"{Count(count)} {how}"] : [];
    }

    protected abstract void Begin(long bytes);

    /// <param name="file">that grew</param>
    /// <param name="bytes">of it that are here</param>
    /// <param name="all">bytes of all files that are here</param>
    protected abstract void Show(HubFile file, long bytes, long all);

    /// <summary>A line that stays.</summary>
    protected abstract void Line(string text);

    private static string Count(int files) => files == 1 ? "1 file" : $"{files} files";

    private sealed class Plain(TextWriter output) : DownloadDisplay
    {
        private static readonly TimeSpan Gap = TimeSpan.FromSeconds(3);

        private readonly Lock gate = new();
        private DateTime last = DateTime.UtcNow;

        protected override void Begin(long bytes)
        {
        }

        protected override void Show(HubFile file, long bytes, long all)
        {
            lock (gate)
            {
                if (DateTime.UtcNow - last >= Gap)
                {
                    last = DateTime.UtcNow;
                    output.WriteLine(Meter.Describe());
                }
            }
        }

        protected override void Line(string text) => output.WriteLine(text);
    }

    private sealed class Live(ProgressContext context) : DownloadDisplay
    {
        private readonly ConcurrentDictionary<HubFile, Lazy<ProgressTask>> bars = new();
        private ProgressTask? whole;

        public static Task<T> Run<T>(Func<DownloadDisplay, Task<T>> run) => AnsiConsole.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new DownloadedColumn(),
                new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => run(new Live(context)));

        protected override void Begin(long bytes) => whole = context.AddTask("all files", maxValue: Math.Max(1, bytes));

        protected override void Show(HubFile file, long bytes, long all)
        {
            if (bytes < file.Size || bars.ContainsKey(file))
            {
                // a size-0 file never gets here: it is whole at once
                bars.GetOrAdd(file, each => new(() => context.AddTask(Markup.Escape(each.Path), maxValue: each.Size))).Value.Value = bytes;
            }

            whole!.Value = all;
        }

        protected override void Line(string text) => AnsiConsole.WriteLine(text);
    }
}
