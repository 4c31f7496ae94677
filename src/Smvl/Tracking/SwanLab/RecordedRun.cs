using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Smvl.Tracking.SwanLab;

/// <summary>A run read back from its folder: the protobuf records of this program or of swanlab 0.8 and later, and the files they name.</summary>
/// <param name="Run">what names it</param>
/// <param name="Records">columns, numbers, media and lines, in the order they were logged</param>
/// <param name="End">how it ended; null where that is not recorded</param>
internal sealed record RecordedRun(SwanLabRun Run, IReadOnlyList<object> Records, SwanLabEnd? End)
{
    private const string Pattern = "run-*.swanlab";

    /// <exception cref="SmvlException">no such folder, not one record file, or one without a start</exception>
    public static RecordedRun Read(string folder)
    {
        string path = Path.GetFullPath(folder);
        string[] files = Directory.Exists(path) ? Directory.GetFiles(path, Pattern) : [];
        if (files.Length != 1)
        {
            throw new SmvlException("this is no SwanLab run folder", folder, $"one file {Pattern}", $"{files.Length}", "name a folder run-... in the log folder");
        }

        Reading reading = new(path);
        foreach (byte[] record in RecordFile.Read(files[0], RecordFile.ProtobufVersion))
        {
            reading.Take(record);
        }

        return new RecordedRun(
            reading.Run ?? throw new SmvlException("the record file does not begin with a start", files[0]), reading.Records, reading.End);
    }

    /// <summary>Of files/config.yaml; empty where it is missing.</summary>
    private static List<KeyValuePair<string, JsonElement>> ReadConfiguration(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        YamlStream yaml = [];
        try
        {
            using StreamReader reader = new(path);
            yaml.Load(reader);
        }
        catch (YamlException exception)
        {
            throw new SmvlException($"the configuration cannot be read: {exception.Message}", path, inner: exception);
        }

        return yaml.Documents is [{ RootNode: YamlMappingNode root }]
            ?
            [
                .. from entry in root.Children
                   where entry.Value is YamlMappingNode
                   select KeyValuePair.Create(((YamlScalarNode)entry.Key).Value!, Json(((YamlMappingNode)entry.Value).Children[new YamlScalarNode("value")])),
            ]
            : [];
    }

    private static JsonElement Json(YamlNode node)
    {
        using JsonDocument document = JsonDocument.Parse(SwanLabJson.Of(writer => Write(writer, node)));
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                writer.WriteStartObject();
                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    writer.WritePropertyName(((YamlScalarNode)key).Value!);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case YamlSequenceNode list:
                writer.WriteStartArray();
                foreach (YamlNode item in list.Children)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case YamlScalarNode { Style: ScalarStyle.Plain } plain:
                WritePlain(writer, plain.Value ?? "");
                break;
            default:
                writer.WriteStringValue(((YamlScalarNode)node).Value);
                break;
        }
    }

    private static void WritePlain(Utf8JsonWriter writer, string text)
    {
        if (text is "" or "~" or "null")
        {
            writer.WriteNullValue();
        }
        else if (text is "true" or "false")
        {
            writer.WriteBooleanValue(text == "true");
        }
        else if (double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
        {
            writer.WriteRawValue(long.TryParse(text, out _) ? text : Training.FloatText.Of(number));
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }

    private sealed class Reading(string folder)
    {
        private readonly Dictionary<string, SwanLabColumn> columns = new(StringComparer.Ordinal);

        public SwanLabRun? Run { get; private set; }

        public List<object> Records { get; } = [];

        public SwanLabEnd? End { get; private set; }

        public void Take(byte[] record)
        {
            ProtobufReader reader = new(record);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case ProtobufRecordSink.StartField:
                        Run = Start(reader.Bytes);
                        break;
                    case ProtobufRecordSink.FinishField:
                        End = Finish(reader.Bytes);
                        break;
                    case ProtobufRecordSink.ColumnField:
                        Column(reader.Bytes);
                        break;
                    case ProtobufRecordSink.ScalarField or ProtobufRecordSink.MediaField:
                        Value(reader.Bytes);
                        break;
                    case ProtobufRecordSink.LogField:
                        Records.Add(Line(reader.Bytes));
                        break;
                }
            }
        }

        private SwanLabRun Start(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            string project = "", name = "", id = "";
            string? workspace = null, description = null, group = null, job = null;
            bool open = false;
            List<string> tags = [];
            DateTimeOffset started = DateTimeOffset.UtcNow;
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        project = reader.Text;
                        break;
                    case 2:
                        workspace = reader.Text;
                        break;
                    case 3:
                        open = reader.Integer != 0;
                        break;
                    case 4:
                        name = reader.Text;
                        break;
                    case 5:
                        description = reader.Text;
                        break;
                    case 6:
                        tags.Add(reader.Text);
                        break;
                    case 7:
                        group = reader.Text;
                        break;
                    case 8:
                        job = reader.Text;
                        break;
                    case 10:
                        id = reader.Text;
                        break;
                    case 12:
                        started = Time(reader.Bytes);
                        break;
                }
            }

            string metadata = Path.Combine(folder, "files", SwanLabRun.MetadataFile);
            return new SwanLabRun
            {
                Folder = folder,
                Id = id,
                Project = project,
                Workspace = workspace,
                Public = open,
                Name = name,
                Description = description,
                Tags = tags,
                Group = group,
                JobType = job,
                Started = started,
                Configuration = ReadConfiguration(Path.Combine(folder, "files", SwanLabRun.ConfigFile)),
                Metadata = File.Exists(metadata) ? File.ReadAllBytes(metadata) : null,
            };
        }

        private static SwanLabEnd Finish(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            (SwanLabState state, string? error, DateTimeOffset time) = (SwanLabState.Crashed, null, DateTimeOffset.UtcNow);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        state = (SwanLabState)reader.Integer;
                        break;
                    case 2:
                        error = reader.Text;
                        break;
                    case 3:
                        time = Time(reader.Bytes);
                        break;
                }
            }

            return new SwanLabEnd(state, error, time);
        }

        private void Column(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            long type = 0;
            string key = "";
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 2:
                        type = reader.Integer;
                        break;
                    case 3:
                        key = reader.Text;
                        break;
                }
            }

            Column(key, type);
        }

        /// <summary>A column that no record announced is made with its first value.</summary>
        private SwanLabColumn Column(string key, long type)
        {
            if (!columns.TryGetValue(key, out SwanLabColumn? column))
            {
                if (!Enum.IsDefined((SwanLabType)type))
                {
                    throw new SmvlException("a type of media is not uploaded here", $"{folder}: {key}", "numbers, pictures, texts, tables", $"type {type}", "swanlab sync uploads it");
                }

                column = new SwanLabColumn(columns.Count, key, (SwanLabType)type);
                columns.Add(key, column);
                Records.Add(column);
            }

            return column;
        }

        private void Value(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            (string key, long step, long type, DateTimeOffset time, byte[] value) = ("", 0, 0, DateTimeOffset.UtcNow, []);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        key = reader.Text;
                        break;
                    case 2:
                        step = reader.Integer;
                        break;
                    case 3:
                        type = reader.Integer;
                        break;
                    case 4:
                        time = Time(reader.Bytes);
                        break;
                    case 5:
                        value = reader.Bytes.ToArray();
                        break;
                }
            }

            SwanLabColumn column = Column(key, type);
            ProtobufReader values = new(value);
            double number = 0;
            while (values.Next())
            {
                if (column.Type == SwanLabType.Scalar)
                {
                    number = values.Double;
                }
                else
                {
                    Media(column, step, time, values.Bytes);
                }
            }

            if (column.Type == SwanLabType.Scalar)
            {
                Records.Add(new SwanLabScalar(column, step, Epoch: 0, number, time));
            }
        }

        /// <summary>A file that is missing is left out, as the SDK does.</summary>
        private void Media(SwanLabColumn column, long step, DateTimeOffset time, ReadOnlySpan<byte> item)
        {
            ProtobufReader reader = new(item);
            (string name, string? caption) = ("", null);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        name = reader.Text;
                        break;
                    case 4:
                        caption = reader.Text;
                        break;
                }
            }

            // a name, no path: nothing outside of the run's folder is uploaded
            string path = Path.Combine(folder, "media", column.Type.Folder(), Path.GetFileName(name));
            if (File.Exists(path))
            {
                Records.Add(new SwanLabMedia(column, step, Epoch: 0, Path.GetFileName(name), File.ReadAllBytes(path), caption, time));
            }
        }

        private static SwanLabLine Line(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            (string text, bool isError, DateTimeOffset time, long epoch) = ("", false, DateTimeOffset.UtcNow, 0);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        text = reader.Text;
                        break;
                    case 2:
                        isError = reader.Integer != 0;
                        break;
                    case 3:
                        time = Time(reader.Bytes);
                        break;
                    case 4:
                        epoch = reader.Integer;
                        break;
                }
            }

            return new SwanLabLine(text, isError, epoch, time);
        }

        private static DateTimeOffset Time(ReadOnlySpan<byte> message)
        {
            ProtobufReader reader = new(message);
            (long seconds, long nanoseconds) = (0, 0);
            while (reader.Next())
            {
                (seconds, nanoseconds) = reader.Field == 1 ? (reader.Integer, nanoseconds) : (seconds, reader.Integer);
            }

            return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        }
    }
}
