using System.Text;
using Microsoft.Data.Sqlite;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// A run as SwanLab keeps it: one folder with the record files that <c>swanlab sync</c> of both generations and <c>smvl sync</c> upload
/// and what <c>swanlab watch</c> shows, and the cloud where somebody is logged in. What is logged is what transformers' SwanLabCallback
/// logs, and what was measured. A place that fails is left out from then on, with one warning.
/// </summary>
internal sealed class SwanLabTracker(SwanLabSettings settings, Action<string> note) : ITracker
{
    private readonly Dictionary<string, (SwanLabColumn Column, int Epoch, long Step)> columns = new(StringComparer.Ordinal);
    private readonly List<(string Text, bool IsError, DateTimeOffset Time)> early = [];
    private readonly List<ISwanLabSink> sinks = [];
    private bool started, warnedOfDisk;
    private long lines;

    /// <summary>Makes what uploads the run; null: as <see cref="CloudSink.Patient"/> says.</summary>
    public Func<ISwanLabSink>? Cloud { get; init; }

    public void OnStart(TrackedRun run)
    {
        SwanLabRun swanRun = SwanLabRun.Create(
            settings,
            run.Arguments.RunName,
            RunConfiguration.Of(run),
            folder => Redacted(SwanLabJson.Of(writer => RunEnvironment.Write(writer, SwanLabRun.Version, settings.LogDir, folder))));
        File.WriteAllText(Path.Combine(swanRun.Files, SwanLabRun.ConfigFile), SwanLabJson.ConfigurationYaml(swanRun.Configuration));
        File.WriteAllBytes(Path.Combine(swanRun.Files, SwanLabRun.MetadataFile), swanRun.Metadata!);
        sinks.AddRange([new JsonRecordSink(), new ProtobufRecordSink(), new WatchSink()]);
        if (settings.Mode == SwanLabMode.Cloud)
        {
            sinks.Add(Cloud?.Invoke() ?? new CloudSink(settings, CloudSink.Patient, note));
        }

        Each(sink => sink.Start(swanRun));
        started = true;
        foreach ((string text, bool isError, DateTimeOffset time) in early)
        {
            AddLine(text, isError, time);
        }

        foreach (LogEntry entry in run.History)
        {
            Log(entry);
        }

        note(Whereabouts(swanRun));
    }

    public void Log(LogEntry entry)
    {
        foreach ((string key, double value) in MetricNames.OfSwanLab(entry))
        {
            AddScalar(key, entry.Step, value);
        }
    }

    public void Measure(LogEntry measured)
    {
        foreach ((string name, double value) in measured.Metrics)
        {
            AddScalar(MetricNames.Rewritten(name), measured.Step, value);
        }
    }

    public void LogConsole(string line, bool isError)
    {
        if (started)
        {
            AddLine(line, isError, DateTimeOffset.UtcNow);
        }
        else
        {
            early.Add((line, isError, DateTimeOffset.UtcNow));
        }
    }

    public void LogSample(SampleAnswer sample)
    {
        if (sample.Picture is { } picture)
        {
            AddMedia(SampleAnswer.PictureKey, SwanLabType.Image, sample.Step, picture);
        }

        AddMedia(
            SampleAnswer.TableKey, SwanLabType.Table, sample.Step,
            SwanLabJson.Table([SampleAnswer.QuestionHead, SampleAnswer.AnswerHead], [sample.Question, sample.Answer]));
        AddMedia(SampleAnswer.ContextKey, SwanLabType.Text, sample.Step, Encoding.UTF8.GetBytes(sample.Context));
    }

    public void Flush() => Each(sink => sink.Flush());

    public void OnEnd(RunEnd end)
    {
        SwanLabState state = end.State switch { RunState.Finished => SwanLabState.Finished, RunState.Failed => SwanLabState.Crashed, _ => SwanLabState.Aborted };
        SwanLabEnd swanEnd = new(state, end.Error is { } error ? Redacted(error) : null, DateTimeOffset.UtcNow);
        Each(sink => sink.Finish(swanEnd));
        Each(sink => sink.Flush());
    }

    public void Dispose() => Each(sink => sink.Dispose());

    private void AddScalar(string key, long step, double value)
    {
        if (Next(key, SwanLabType.Scalar, step) is { } next)
        {
            SwanLabScalar scalar = new(next.Column, step, next.Epoch, value, DateTimeOffset.UtcNow);
            Each(sink => sink.Add(scalar));
        }
    }

    private void AddMedia(string key, SwanLabType type, long step, byte[] content)
    {
        if (Next(key, type, step) is { } next)
        {
            SwanLabMedia media = new(next.Column, step, next.Epoch, SwanLabMedia.NameOf(type, step, content), content, Caption: null, DateTimeOffset.UtcNow);
            Each(sink => sink.Add(media));
        }
    }

    private void AddLine(string text, bool isError, DateTimeOffset time)
    {
        SwanLabLine line = new(Redacted(text), isError, ++lines, time);
        Each(sink => sink.Add(line));
    }

    /// <summary>The key's column, announced where it is new, and the number of the value; null where the key has a value of the step, as the SDK ignores a second one.</summary>
    private (SwanLabColumn Column, int Epoch)? Next(string key, SwanLabType type, long step)
    {
        bool known = columns.TryGetValue(key, out (SwanLabColumn Column, int Epoch, long Step) last);
        if (known && step <= last.Step)
        {
            return null;
        }

        SwanLabColumn column = known ? last.Column : new SwanLabColumn(columns.Count, key, type);
        columns[key] = (column, last.Epoch + 1, step);
        if (!known)
        {
            Each(sink => sink.Add(column));
        }

        return (column, last.Epoch + 1);
    }

    private void Each(Action<ISwanLabSink> action)
    {
        foreach (ISwanLabSink sink in sinks.ToArray())
        {
            try
            {
                action(sink);
            }
            catch (Exception exception)
            {
                sinks.Remove(sink);
                Warn(sink, exception);
                sink.Dispose();
            }
        }
    }

    /// <summary>A full disk stops all files, and is told once.</summary>
    private void Warn(ISwanLabSink sink, Exception exception)
    {
        bool isDisk = exception is IOException or UnauthorizedAccessException or SqliteException;
        if (!isDisk || !warnedOfDisk)
        {
            note($"swanlab: {sink.Name} is not written any more: {Redacted(exception.Message).ReplaceLineEndings(" ")}; the run goes on");
        }

        warnedOfDisk |= isDisk;
    }

    private string Whereabouts(SwanLabRun run)
    {
        string folder = Path.GetRelativePath(Directory.GetCurrentDirectory(), run.Folder);
        return settings.Mode switch
        {
            SwanLabMode.Cloud => $"swanlab: uploads to {settings.WebHost}, and keeps all of it in {folder}",
            SwanLabMode.Local => $"swanlab: local; {folder}; to look at it: swanlab watch {Path.GetRelativePath(Directory.GetCurrentDirectory(), run.LogDir)}",
            _ when settings.Key is null => $"swanlab: offline, nobody is logged in; {folder}; to upload it later: smvl sync {folder} -k KEY",
            _ => $"swanlab: offline; {folder}; to upload it later: smvl sync {folder}",
        };
    }

    private string Redacted(string text) => settings.Key?.Redacted(text) ?? text;

    private byte[] Redacted(byte[] text) => settings.Key is null ? text : Encoding.UTF8.GetBytes(Redacted(Encoding.UTF8.GetString(text)));
}
