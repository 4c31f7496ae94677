using System.Text.Encodings.Web;
using System.Text.Json;

namespace Smvl.Tracking;

/// <summary>
/// The log as a file of one JSON object a line, <c>log.jsonl</c> in the output folder, each line handed to the system when it is
/// logged. A resumed run writes the file anew from its checkpoint's history, so that what an interrupted run logged behind the
/// checkpoint, half a last line included, is gone and no entry stands twice.
/// </summary>
public sealed class JsonLinesTracker(string outputDir) : ITracker
{
    public const string FileName = "log.jsonl";

    // Chinese is written as it is: the file is for people too
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private FileStream? _file;

    public string FilePath { get; } = Path.Combine(outputDir, FileName);

    public void OnStart(TrackedRun run)
    {
        string temporary = FilePath + ".partial";
        try
        {
            using (FileStream file = File.Create(temporary))
            {
                foreach (LogEntry entry in run.History)
                {
                    WriteLine(file, entry.Write);
                }
            }

            File.Move(temporary, FilePath, overwrite: true);
            _file = new FileStream(FilePath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"the log cannot be written: {exception.Message}", FilePath, hint: "check the folder and its rights", inner: exception);
        }
    }

    public void Log(LogEntry entry) => WriteLine(Started(), entry.Write);

    /// <summary>Nothing: the file holds what a repeated run would hold too.</summary>
    public void Measure(LogEntry measured)
    {
    }

    /// <summary>Nothing: the file holds the Trainer's log alone.</summary>
    public void LogConsole(string line, bool isError)
    {
    }

    public void LogSample(SampleAnswer sample) => WriteLine(Started(), writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("sample_answer", sample.Answer);
        writer.WriteNumber("step", sample.Step);
        writer.WriteEndObject();
    });

    public void Flush() => Started().Flush(flushToDisk: true);

    public void OnEnd(RunEnd end) => Dispose();

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private FileStream Started() => _file ?? throw new InvalidOperationException("OnStart comes first");

    private static void WriteLine(FileStream file, Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var writer = new Utf8JsonWriter(line, Options))
        {
            write(writer);
        }

        line.WriteByte((byte)'\n');
        file.Write(line.GetBuffer(), 0, (int)line.Length); // in one piece: a reader sees whole lines
        file.Flush();
    }
}
