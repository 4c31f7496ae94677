using System.Text.Json;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// <c>backup.swanlab</c>, the JSON records that swanlab 0.6 and 0.7 upload: header, project, experiment, files, then what is logged, and a
/// footer that says how it ended. Source: swanlab 0.6.8 data/porter and swankit's callback models.
/// </summary>
internal sealed class JsonRecordSink : ISwanLabSink
{
    public const string RecordName = "backup.swanlab";

    private const int HashLetters = 16, HashedTableBytes = 4096;

    private RecordFile? file;
    private string folder = "";
    private long lines;

    public string Name => RecordName;

    /// <summary>As 0.6 names the files, in <c>media/KID</c>.</summary>
    public static string FileName(SwanLabMedia media)
    {
        ReadOnlySpan<byte> hashed = media.Column.Type == SwanLabType.Table ? media.Content.AsSpan(0, Math.Min(HashedTableBytes, media.Content.Length)) : media.Content;
        string hash = SwanLabMedia.Hash(hashed)[..HashLetters];
        return FormattableString.Invariant($"{media.Column.Type.Folder()}-step{media.Step}-{hash}{media.Column.Type.Extension()}");
    }

    public void Start(SwanLabRun run)
    {
        folder = run.Folder;
        file = new RecordFile(Path.Combine(folder, RecordName), RecordFile.JsonVersion);
        Write("Header", writer =>
        {
            writer.WriteString("backup_type", "DEFAULT");
            writer.WriteString("create_time", SwanLabJson.Time(run.Started));
        });
        Write("Project", writer =>
        {
            writer.WriteString("name", run.Project);
            writer.WriteString("workspace", run.Workspace);
            if (run.Public is { } open)
            {
                writer.WriteBoolean("public", open);
            }
            else
            {
                writer.WriteNull("public");
            }
        });
        Write("Experiment", writer =>
        {
            writer.WriteString("id", run.Id);
            writer.WriteString("name", run.Name);
            writer.WriteStartArray("colors");
            writer.WriteStringValue(run.Color);
            writer.WriteStringValue(run.Color);
            writer.WriteEndArray();
            writer.WriteString("description", run.Description);
            writer.WriteStartArray("tags");
            foreach (string tag in run.Tags)
            {
                writer.WriteStringValue(tag);
            }

            writer.WriteEndArray();
        });
        Write("Runtime", writer =>
        {
            writer.WriteNull("conda_filename");
            writer.WriteNull("requirements_filename");
            writer.WriteString("metadata_filename", run.Metadata is null ? null : SwanLabRun.MetadataFile);
            writer.WriteString("config_filename", SwanLabRun.ConfigFile);
        });
    }

    public void Add(SwanLabColumn column) => Write("Column", writer =>
    {
        writer.WriteString("key", column.Key);
        writer.WriteString("kid", FormattableString.Invariant($"{column.Index}"));
        writer.WriteNull("name");
        writer.WriteString("cls", "CUSTOM");
        writer.WriteString("column_type", column.Type.Wire());
        writer.WriteString("chart_reference", "STEP");
        writer.WriteString("section_name", column.Section);
        writer.WriteString("section_type", "PUBLIC");
        foreach (string name in (ReadOnlySpan<string>)["section_sort", "error", "y_range", "chart_name", "chart_index", "metric_name", "metric_color"])
        {
            writer.WriteNull(name);
        }
    });

    public void Add(SwanLabScalar scalar) => Write("Scalar", writer =>
    {
        writer.WritePropertyName("metric");
        SwanLabJson.WriteMetric(writer, scalar);
        writer.WriteString("key", scalar.Column.Key);
        writer.WriteNumber("step", scalar.Step);
        writer.WriteNumber("epoch", scalar.Epoch);
    });

    /// <summary>The file before the record that names it, so that no record names a missing one.</summary>
    public void Add(SwanLabMedia media)
    {
        bool inFile = media.Column.Type != SwanLabType.Text;
        if (inFile)
        {
            string at = Path.Combine(folder, "media", FormattableString.Invariant($"{media.Column.Index}"));
            Directory.CreateDirectory(at);
            File.WriteAllBytes(Path.Combine(at, FileName(media)), media.Content);
        }

        Write("Media", writer =>
        {
            writer.WritePropertyName("metric");
            SwanLabJson.WriteMetric(writer, media);
            writer.WriteString("key", media.Column.Key);
            writer.WriteNumber("kid", media.Column.Index);
            writer.WriteString("key_encoded", Uri.EscapeDataString(media.Column.Key));
            writer.WriteNumber("step", media.Step);
            writer.WriteNumber("epoch", media.Epoch);
            if (inFile)
            {
                writer.WriteStartArray("buffers_name");
                writer.WriteStringValue(FileName(media));
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteNull("buffers_name");
            }
        });
    }

    public void Add(SwanLabLine line)
    {
        lines = line.Epoch;
        WriteLine(line.Text, line.IsError ? "WARN" : "INFO", line.Epoch, line.Time);
    }

    public void Flush() => file?.Flush();

    public void Finish(SwanLabEnd end)
    {
        if (end.Error is { } error)
        {
            WriteLine(error, "ERROR", lines + 1, end.Time);
        }

        Write("Footer", writer =>
        {
            writer.WriteBoolean("success", end.State == SwanLabState.Finished);
            writer.WriteString("create_time", SwanLabJson.Time(end.Time));
        });
    }

    public void Dispose() => file?.Dispose();

    /// <summary>A record's bytes; the reader drops the last one, whatever it is, so a line's end stands there.</summary>
    internal static byte[] Record(string type, Action<Utf8JsonWriter> data)
    {
        byte[] json = SwanLabJson.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("model_type", type);
            writer.WriteStartObject("data");
            data(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
        return [.. json, (byte)'\n'];
    }

    private void WriteLine(string text, string level, long epoch, DateTimeOffset time) => Write("Log", writer =>
    {
        writer.WriteString("create_time", SwanLabJson.Time(time));
        writer.WriteString("message", text);
        writer.WriteNumber("epoch", epoch);
        writer.WriteString("level", level);
    });

    private void Write(string type, Action<Utf8JsonWriter> data) => file!.Write(Record(type, data));
}
