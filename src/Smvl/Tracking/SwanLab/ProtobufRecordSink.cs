namespace Smvl.Tracking.SwanLab;

/// <summary>
/// <c>run-*.swanlab</c>, the protobuf records that swanlab 0.8 and later, and <c>smvl sync</c>, upload; <see cref="RecordedRun"/> reads
/// them. Source: swanlab 0.9.7 proto/swanlab.
/// </summary>
internal sealed class ProtobufRecordSink : ISwanLabSink
{
    private const int Custom = 1, Public = 3;
    private const int ConfigType = 1, MetadataType = 2;
    private const int ConfigNumber = -3, MetadataNumber = -4;

    /// <summary>Numbers of the records that a run has once.</summary>
    internal const int StartNumber = -1, FinishNumber = -2;

    /// <summary>Fields of Record's oneof.</summary>
    internal const int StartField = 10, FinishField = 11, ColumnField = 12, ScalarField = 13, MediaField = 14, LogField = 16, SaveField = 20;

    private RecordFile? file;
    private string folder = "";
    private long number;

    public string Name => "run-*.swanlab";

    public void Start(SwanLabRun run)
    {
        folder = run.Folder;
        file = new RecordFile(run.RecordFile, RecordFile.ProtobufVersion);
        Write(StartNumber, run.Started, StartField, start =>
        {
            start.Text(1, run.Project);
            start.Text(2, run.Workspace);
            start.Flag(3, run.Public ?? false);
            start.Text(4, run.Name);
            start.Text(5, run.Description);
            foreach (string tag in run.Tags)
            {
                start.Text(6, tag);
            }

            start.Text(7, run.Group);
            start.Text(8, run.JobType);
            start.Text(9, run.Color);
            start.Text(10, run.Id);
            start.Integer(11, (int)run.Resume);
            start.Message(12, time => WriteTime(time, run.Started));
        });
        WriteSaved(run, SwanLabRun.ConfigFile, ConfigNumber, ConfigType);
        if (run.Metadata is not null)
        {
            WriteSaved(run, SwanLabRun.MetadataFile, MetadataNumber, MetadataType);
        }
    }

    public void Add(SwanLabColumn column) => Write(++number, DateTimeOffset.UtcNow, ColumnField, message =>
    {
        message.Integer(1, Custom);
        message.Integer(2, (int)column.Type);
        message.Text(3, column.Key);
        message.Text(5, column.Section);
        message.Integer(6, Public);
    });

    public void Add(SwanLabScalar scalar) => Write(++number, scalar.Time, ScalarField, message =>
    {
        message.Text(1, scalar.Column.Key);
        message.Integer(2, scalar.Step);
        message.Integer(3, (int)scalar.Column.Type);
        message.Message(4, time => WriteTime(time, scalar.Time));
        message.Message(5, value => value.Double(1, scalar.Value));
    });

    /// <summary>The file before the record that names it.</summary>
    public void Add(SwanLabMedia media)
    {
        string path = Path.Combine(folder, media.RelativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, media.Content);
        Write(++number, media.Time, MediaField, message =>
        {
            message.Text(1, media.Column.Key);
            message.Integer(2, media.Step);
            message.Integer(3, (int)media.Column.Type);
            message.Message(4, time => WriteTime(time, media.Time));
            message.Message(5, value => value.Message(1, item =>
            {
                item.Text(1, media.FileName);
                item.Text(2, media.ContentHash);
                item.Integer(3, media.Content.Length);
                item.Text(4, media.Caption);
            }));
        });
    }

    public void Add(SwanLabLine line) => Write(++number, line.Time, LogField, message =>
    {
        message.Text(1, line.Text);
        message.Flag(2, line.IsError);
        message.Message(3, time => WriteTime(time, line.Time));
        message.Integer(4, line.Epoch);
    });

    public void Flush() => file?.Flush();

    public void Finish(SwanLabEnd end) => Write(FinishNumber, end.Time, FinishField, message =>
    {
        message.Integer(1, (int)end.State);
        message.Text(2, end.Error);
        message.Message(3, time => WriteTime(time, end.Time));
    });

    public void Dispose() => file?.Dispose();

    private void WriteSaved(SwanLabRun run, string name, int recordNumber, int type) => Write(recordNumber, run.Started, SaveField, message =>
    {
        message.Text(1, name);
        message.Text(2, Path.Combine(run.Files, name));
        message.Text(3, name);
        message.Integer(5, type);
    });

    private void Write(long recordNumber, DateTimeOffset time, int field, Action<ProtobufWriter> message) => file!.Write(ProtobufWriter.Message(record =>
    {
        record.Integer(1, recordNumber);
        record.Message(2, stamp => WriteTime(stamp, time));
        record.Message(field, message);
    }));

    /// <summary>A google.protobuf.Timestamp.</summary>
    private static void WriteTime(ProtobufWriter writer, DateTimeOffset time)
    {
        writer.Integer(1, time.ToUnixTimeSeconds());
        writer.Integer(2, time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
    }
}
