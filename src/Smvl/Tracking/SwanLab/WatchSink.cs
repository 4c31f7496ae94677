using System.Globalization;
using System.Text.Json;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// What <c>swanlab watch</c> shows: the database beside the runs, and in the run's folder the values as lines, a summary per key, and the
/// console. Pictures are those of <see cref="JsonRecordSink"/>. Tables have no place in it. Source: swanboard 0.1.8 to 0.1.10.
/// </summary>
internal sealed class WatchSink : ISwanLabSink
{
    private const int LinesPerFile = 1000;

    private readonly Dictionary<SwanLabColumn, Summary> summaries = [];
    private WatchDatabase? database;
    private string folder = "";

    public string Name => WatchDatabase.FileName;

    public void Start(SwanLabRun run)
    {
        folder = run.Folder;
        database = new WatchDatabase(run);
    }

    public void Add(SwanLabColumn column)
    {
        if (column.Type != SwanLabType.Table)
        {
            database!.Add(column);
            Directory.CreateDirectory(Logs(column));
        }
    }

    public void Add(SwanLabScalar scalar)
    {
        Append(scalar.Column, scalar.Epoch, writer => SwanLabJson.WriteMetric(writer, scalar));
        bool known = summaries.TryGetValue(scalar.Column, out Summary? before);
        summaries[scalar.Column] = before is null ? new Summary(scalar.Value, scalar.Step, scalar.Value, scalar.Step, 1) : before.With(scalar);
        if (!known)
        {
            WriteSummary(scalar.Column);
        }
    }

    public void Add(SwanLabMedia media)
    {
        if (media.Column.Type != SwanLabType.Table)
        {
            Append(media.Column, media.Epoch, writer => SwanLabJson.WriteMetric(writer, media));
        }
    }

    public void Add(SwanLabLine line) => AppendConsole(line.Time.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + ".log", line.Text);

    /// <summary>Summaries are written when the rest is flushed: once a value would be a file each.</summary>
    public void Flush()
    {
        foreach (SwanLabColumn column in summaries.Keys)
        {
            WriteSummary(column);
        }
    }

    public void Finish(SwanLabEnd end)
    {
        if (end.Error is { } error)
        {
            AppendConsole("error.log", error);
        }

        Flush();
        database!.Finish(end);
    }

    public void Dispose() => database?.Dispose();

    private void Append(SwanLabColumn column, int epoch, Action<Utf8JsonWriter> metric)
    {
        int last = (epoch + LinesPerFile - 1) / LinesPerFile * LinesPerFile;
        File.AppendAllBytes(Path.Combine(Logs(column), FormattableString.Invariant($"{last}.log")), [.. SwanLabJson.Of(metric), (byte)'\n']);
    }

    private void AppendConsole(string name, string text) => File.AppendAllText(Path.Combine(folder, "console", name), text + "\n");

    /// <summary>Replaced in one step, so that a reader finds the earlier or the later one whole.</summary>
    private void WriteSummary(SwanLabColumn column)
    {
        Summary summary = summaries[column];
        string path = Path.Combine(Logs(column), "_summary.json");
        File.WriteAllBytes(path + ".partial", SwanLabJson.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("max", summary.Max);
            writer.WriteNumber("max_step", summary.MaxStep);
            writer.WriteNumber("min", summary.Min);
            writer.WriteNumber("min_step", summary.MinStep);
            writer.WriteNumber("num", summary.Count);
            writer.WriteEndObject();
        }));
        File.Move(path + ".partial", path, overwrite: true);
    }

    private string Logs(SwanLabColumn column) => Path.Combine(folder, "logs", FormattableString.Invariant($"{column.Index}"));

    private sealed record Summary(double Max, long MaxStep, double Min, long MinStep, int Count)
    {
        public Summary With(SwanLabScalar scalar) => new(
            Math.Max(Max, scalar.Value),
            scalar.Value > Max ? scalar.Step : MaxStep,
            Math.Min(Min, scalar.Value),
            scalar.Value < Min ? scalar.Step : MinStep,
            Count + 1);
    }
}
