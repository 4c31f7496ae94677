using System.Globalization;
using System.Text;
using System.Text.Json;
using Smvl.Training;

namespace Smvl.Tracking.TensorBoard;

/// <summary>
/// The log as TensorBoard's event files: what transformers' TensorBoardCallback writes, under its keys, and what was measured, the
/// sample answer and the hyper-parameters. Console lines have no place there.
/// Source: integrations/integration_utils.py, torch/utils/tensorboard/summary.py, tensorboard/plugins/hparams/plugin_data.proto.
/// </summary>
internal sealed class TensorBoardTracker(string folder) : ITracker
{
    public const string FolderVariable = "TENSORBOARD_LOGGING_DIR";

    private const int RgbColors = 3, TextType = 7;
    private const int Succeeded = 1, DidNotSucceed = 2;

    private EventFile? file;

    /// <summary><c>logging_dir</c>, the environment's folder, or a folder in <c>output_dir/runs</c> named as the Trainer names it.</summary>
    public static string Folder(TrainingArguments arguments) =>
        arguments.LoggingDir
        ?? (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : null)
        ?? Path.Combine(arguments.OutputDir, "runs", $"{DateTime.Now.ToString("MMMdd_HH-mm-ss", CultureInfo.InvariantCulture)}_{Environment.MachineName}");

    public void OnStart(TrackedRun run)
    {
        Directory.CreateDirectory(folder);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        file = new EventFile(NewPath(now), now);
        string arguments = run.Arguments.ToJson();
        WriteText(0, "args", arguments);
        WriteText(0, "model_config", run.ModelConfig);
        WriteHyperParameters("session_start_info", 3, session =>
        {
            using JsonDocument values = JsonDocument.Parse(arguments);
            foreach (JsonProperty property in values.RootElement.EnumerateObject())
            {
                session.Message(1, entry =>
                {
                    entry.Text(1, property.Name);
                    entry.Message(2, value => WriteValue(value, property.Value));
                });
            }

            session.Double(5, EventFile.Seconds(now));
        });
        foreach (LogEntry entry in run.History)
        {
            Log(entry);
        }
    }

    public void Log(LogEntry entry)
    {
        foreach ((string name, double value) in entry.Metrics)
        {
            Started().Write(DateTimeOffset.UtcNow, entry.Step, summary =>
            {
                summary.Text(1, MetricNames.Rewritten(name));
                summary.Single(2, (float)value);
            });
        }
    }

    public void Measure(LogEntry measured) => Log(measured);

    public void LogConsole(string line, bool isError)
    {
    }

    public void LogSample(SampleAnswer sample)
    {
        if (sample.Picture is { } picture)
        {
            Started().Write(DateTimeOffset.UtcNow, sample.Step, summary =>
            {
                summary.Text(1, SampleAnswer.PictureKey);
                summary.Message(4, image =>
                {
                    image.Integer(1, sample.Height);
                    image.Integer(2, sample.Width);
                    image.Integer(3, RgbColors);
                    image.Bytes(4, picture);
                });
            });
        }

        WriteText(
            sample.Step, SampleAnswer.TableKey,
            $"| {SampleAnswer.QuestionHead} | {SampleAnswer.AnswerHead} |\n|---|---|\n| {Cell(sample.Question)} | {Cell(sample.Answer)} |\n");
        WriteText(sample.Step, SampleAnswer.ContextKey, sample.Context);
    }

    public void Flush() => file?.Flush();

    public void OnEnd(RunEnd end)
    {
        WriteHyperParameters("session_end_info", 4, session =>
        {
            session.Integer(1, end.State == RunState.Finished ? Succeeded : DidNotSucceed);
            session.Double(2, EventFile.Seconds(DateTimeOffset.UtcNow));
        });
        Flush();
    }

    public void Dispose() => file?.Dispose();

    private EventFile Started() => file ?? throw new InvalidOperationException("OnStart comes first");

    /// <summary>As torch names it; a second file of one process and second gets the next number.</summary>
    private string NewPath(DateTimeOffset now)
    {
        string name = $"events.out.tfevents.{now.ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}";
        return Enumerable.Range(0, int.MaxValue).Select(number => Path.Combine(folder, $"{name}.{number}")).First(path => !File.Exists(path));
    }

    private void WriteText(long step, string name, string text) => Started().Write(DateTimeOffset.UtcNow, step, summary =>
    {
        summary.Text(1, $"{name}/text_summary");
        summary.Message(8, tensor =>
        {
            tensor.Integer(1, TextType);
            tensor.Message(2, shape => shape.Message(2, dimension => dimension.Integer(1, 1)));
            tensor.Bytes(8, Encoding.UTF8.GetBytes(text));
        });
        WritePlugin(summary, "text", []);
    });

    private void WriteHyperParameters(string tag, int field, Action<ProtobufWriter> session) => Started().Write(DateTimeOffset.UtcNow, 0, summary =>
    {
        summary.Text(1, $"_hparams_/{tag}");
        WritePlugin(summary, "hparams", ProtobufWriter.Message(data => data.Message(field, session)));
    });

    private static void WritePlugin(ProtobufWriter summary, string name, byte[] content) => summary.Message(9, metadata => metadata.Message(1, plugin =>
    {
        plugin.Text(1, name);
        if (content.Length > 0)
        {
            plugin.Bytes(2, content);
        }
    }));

    /// <summary>A google.protobuf.Value; lists and maps as their JSON, because hyper-parameters are single values.</summary>
    private static void WriteValue(ProtobufWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                writer.Double(2, value.GetDouble());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                writer.Present(4, value.GetBoolean() ? 1 : 0);
                break;
            default:
                writer.Bytes(3, Encoding.UTF8.GetBytes(value.ToString()));
                break;
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
