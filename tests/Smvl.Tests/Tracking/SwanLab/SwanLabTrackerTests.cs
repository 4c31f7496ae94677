using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Smvl.Tracking;
using Smvl.Tracking.SwanLab;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>The run folder that is left without a cloud, read back by the specification.</summary>
public sealed class SwanLabTrackerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> notes = [];

    public void Dispose() => folder.Dispose();

    private string LogDir => folder["logs"];

    private string RunFolder => Assert.Single(Directory.GetDirectories(LogDir));

    [Fact]
    public void JsonRecordsTellTheWholeRun()
    {
        LogRun(new RunEnd(RunState.Finished));
        JsonElement[] records = JsonRecords(RunFolder);
        Assert.Equal(["Header", "Project", "Experiment", "Runtime"], records[..4].Select(Type));
        Assert.Equal(("Footer", true), (Type(records[^1]), Data(records[^1]).GetProperty("success").GetBoolean()));
        JsonElement experiment = Data(records[2]);
        Assert.Equal("试验", experiment.GetProperty("name").GetString());
        Assert.Equal(2, experiment.GetProperty("colors").GetArrayLength());
        Assert.Equal("config.yaml", Data(records[3]).GetProperty("config_filename").GetString());

        JsonElement[] columns = [.. Of(records, "Column")];
        Assert.Equal(
            [
                "train/epoch", "train/learning_rate", "train/loss", "train/global_step", "train/tokens_per_second", "eval/loss",
                "single_value/train_loss", "single_value/train_runtime", "sample/输入图像", "sample/问题&回复", "sample/上下文",
            ],
            columns.Select(column => column.GetProperty("key").GetString()));
        Assert.Equal(Enumerable.Range(0, columns.Length).Select(i => $"{i}"), columns.Select(column => column.GetProperty("kid").GetString()));
        Assert.Equal(["IMAGE", "ECHARTS", "TEXT"], columns[^3..].Select(column => column.GetProperty("column_type").GetString()));
        Assert.All(columns, column => Assert.Equal(15, column.EnumerateObject().Count()));   // all fields, null or not

        JsonElement[] losses = [.. Of(records, "Scalar").Where(scalar => scalar.GetProperty("key").GetString() == "train/loss")];
        Assert.Equal(
            [(1, 1, 10.0), (2, 2, 5.0), (3, 3, 10.0 / 3), (4, 4, 2.5)],
            losses.Select(loss => (loss.GetProperty("step").GetInt32(), loss.GetProperty("epoch").GetInt32(), loss.GetProperty("metric").GetProperty("data").GetDouble())));

        // the evaluation's and the totals' epoch and step at step 4 were there already
        Assert.Equal(4, Of(records, "Scalar").Count(scalar => scalar.GetProperty("key").GetString() == "train/epoch"));
        Assert.Equal(4, Of(records, "Scalar").Count(scalar => scalar.GetProperty("key").GetString() == "train/global_step"));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$", losses[0].GetProperty("metric").GetProperty("create_time").GetString());

        JsonElement[] media = [.. Of(records, "Media")];
        Assert.Equal(["sample%2F%E8%BE%93%E5%85%A5%E5%9B%BE%E5%83%8F", "sample%2F%E9%97%AE%E9%A2%98%26%E5%9B%9E%E5%A4%8D"], media[..2].Select(m => m.GetProperty("key_encoded").GetString()));
        string picture = Assert.Single(media[0].GetProperty("buffers_name").EnumerateArray()).GetString()!;
        Assert.Matches("^image-step4-[0-9a-f]{16}\\.png$", picture);
        Assert.Equal(TrackedRuns.Picture, File.ReadAllText(Path.Combine(RunFolder, "media", "8", picture)));
        Assert.Equal("<|im_start|>user\n图", media[2].GetProperty("metric").GetProperty("data")[0].GetString());
        Assert.Equal(JsonValueKind.Null, media[2].GetProperty("buffers_name").ValueKind);

        JsonElement[] lines = [.. Of(records, "Log")];
        Assert.Equal(["before the start", "step 1", "step 2", "step 3", "step 4"], lines.Select(line => line.GetProperty("message").GetString()));
        Assert.Equal([1, 2, 3, 4, 5], lines.Select(line => line.GetProperty("epoch").GetInt32()));
        Assert.Equal("WARN", lines[3].GetProperty("level").GetString());
    }

    [Fact]
    public void ProtobufRecordsTellTheWholeRun()
    {
        LogRun(new RunEnd(RunState.Failed, "the loss is not finite"));
        string run = RunFolder;
        WireMessage[] records = [.. RecordReader.Read(Assert.Single(Directory.GetFiles(run, "run-*.swanlab")), 2).Select(record => new WireMessage(record))];
        WireMessage start = records[0].Message(10);
        Assert.Equal((-1L, "试验", "project", 0L), (records[0].Integer(1), start.Text(4), start.Text(1), start.Integer(11)));
        Assert.EndsWith(start.Text(10), run);
        Assert.Equal([(-3L, "config.yaml", 1L), (-4L, "swanlab-metadata.json", 2L)], records[1..3].Select(r => (r.Integer(1), r.Message(20).Text(1), r.Message(20).Integer(5))));
        Assert.All(records[1..3], record => Assert.True(File.Exists(record.Message(20).Text(2))));
        Assert.Equal(Enumerable.Range(1, records.Length - 4).Select(number => (long)number), records[3..^1].Select(record => record.Integer(1)));

        WireMessage[] losses = [.. records.Where(r => r.Has(13)).Select(r => r.Message(13)).Where(scalar => scalar.Text(1) == "train/loss")];
        Assert.Equal([(1L, 10.0), (2, 5.0), (3, 10.0 / 3), (4, 2.5)], losses.Select(loss => (loss.Integer(2), loss.Message(5).Double(1))));
        Assert.All(losses, loss => Assert.InRange(loss.Message(4).Integer(1), 1_700_000_000, long.MaxValue));

        WireMessage[] media = [.. records.Where(r => r.Has(14)).Select(r => r.Message(14))];
        Assert.Equal(["image", "echarts", "text"], media.Select(m => m.Integer(3) switch { 2 => "image", 6 => "echarts", 4 => "text", _ => "?" }));
        foreach ((WireMessage item, string kind) in media.Select(m => m.Message(5).Message(1)).Zip(["image", "echarts", "text"]))
        {
            byte[] content = File.ReadAllBytes(Path.Combine(run, "media", kind, item.Text(1)));
            Assert.Equal((content.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content))), (item.Integer(3), item.Text(2)));
            Assert.StartsWith($"004-{item.Text(2)[..8]}.", item.Text(1));
        }

        JsonElement table = JsonDocument.Parse(File.ReadAllBytes(Directory.GetFiles(Path.Combine(run, "media", "echarts"))[0])).RootElement;
        Assert.Equal("table", table.GetProperty("_swanLab").GetString());
        Assert.Equal(["输入问题", "模型回复"], table.GetProperty("colDefs").EnumerateArray().Select(head => head.GetProperty("field").GetString()));
        Assert.Equal("两只水獭 | 🦦", table.GetProperty("rowData")[0].GetProperty("模型回复").GetString());

        WireMessage finish = records[^1].Message(11);
        Assert.Equal((-2L, 2L, "the loss is not finite"), (records[^1].Integer(1), finish.Integer(1), finish.Text(2)));
        JsonElement[] json = JsonRecords(run);
        Assert.Equal(("ERROR", "the loss is not finite"), (Data(json[^2]).GetProperty("level").GetString(), Data(json[^2]).GetProperty("message").GetString()));
        Assert.False(Data(json[^1]).GetProperty("success").GetBoolean());
    }

    [Fact]
    public void TheWatchFolderHasDatabaseValuesAndConsole()
    {
        LogRun(new RunEnd(RunState.Finished));
        Directory.Move(RunFolder, folder["first"]);   // the second run's folder is the only one again
        LogRun(new RunEnd(RunState.Interrupted));
        string run = RunFolder;
        using SqliteConnection database = new($"Data Source={Path.Combine(LogDir, "runs.swanlab")};Pooling=False");
        database.Open();
        Assert.Equal([("project", 2L, 1L)], Rows(database, "SELECT name, sum, charts FROM project", r => (r.GetString(0), r.GetInt64(1), r.GetInt64(2))));
        Assert.Equal(
            [("试验", 1, 1), ("试验-2", -1, 2)],
            Rows(database, "SELECT name, status, sort FROM experiment ORDER BY id", r => (r.GetString(0), r.GetInt32(1), r.GetInt32(2))));
        Assert.Equal([Path.GetFileName(run)], Rows(database, "SELECT run_id FROM experiment WHERE id = 2", r => r.GetString(0)));
        (string Name, string Folder, string Type)[] tags =
            [.. Rows(database, "SELECT name, folder, type FROM tag WHERE experiment_id = 2 ORDER BY sort", r => (r.GetString(0), r.GetString(1), r.GetString(2)))];
        Assert.Equal(10, tags.Length);   // eleven keys, without the table
        Assert.Contains(("sample/输入图像", "8", "image"), tags);
        Assert.Contains(("sample/上下文", "10", "text"), tags);
        Assert.Equal(["train", "eval", "single_value", "sample"], Rows(database, "SELECT name FROM namespace WHERE experiment_id = 2 ORDER BY sort", r => r.GetString(0)));
        Assert.Equal(["train", "eval", "single_value", "sample"], Rows(database, "SELECT name FROM namespace WHERE project_id = 1 ORDER BY sort", r => r.GetString(0)));
        Assert.Equal(
            [2L],   // the project's chart of a key compares both runs
            Rows(database, "SELECT count(*) FROM source JOIN chart ON chart.id = chart_id WHERE chart.project_id = 1 AND chart.name = 'train/loss'", r => r.GetInt64(0)));
        Assert.Equal([30L], Rows(database, "SELECT count(*) FROM display", r => r.GetInt64(0)));   // of two experiments and the project
        Assert.Equal(["wal"], Rows(database, "PRAGMA journal_mode", r => r.GetString(0)));

        string kid = tags.Single(tag => tag.Name == "train/loss").Folder;
        JsonElement[] lines = [.. File.ReadLines(Path.Combine(run, "logs", kid, "1000.log")).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([(1, 10.0), (2, 5.0), (3, 10.0 / 3), (4, 2.5)], lines.Select(line => (line.GetProperty("index").GetInt32(), line.GetProperty("data").GetDouble())));
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "logs", kid, "_summary.json"))).RootElement;
        Assert.Equal((10.0, 1, 2.5, 4, 4), (
            summary.GetProperty("max").GetDouble(), summary.GetProperty("max_step").GetInt32(),
            summary.GetProperty("min").GetDouble(), summary.GetProperty("min_step").GetInt32(), summary.GetProperty("num").GetInt32()));
        Assert.StartsWith("before the start\nstep 1\n", File.ReadAllText(Assert.Single(Directory.GetFiles(Path.Combine(run, "console")))));
        Assert.Equal("*", File.ReadAllText(Path.Combine(LogDir, ".gitignore")));
    }

    [Fact]
    public void ConfigurationAndMachineAreFiles()
    {
        LogRun(new RunEnd(RunState.Finished));
        string yaml = File.ReadAllText(Path.Combine(RunFolder, "files", "config.yaml"));
        Assert.Contains("\"text_config\":\n  value: {\"rms_norm_eps\": 1.0e-06, \"tie\": true, \"layers\": [1, null]}\n  desc: ''\n  sort: 1\n", yaml);
        Assert.Contains("\"learning_rate\":\n  value: 1.0e-05\n", yaml);   // the arguments' stands over the model's
        Assert.Contains("\"model_num_parameters\":\n  value: 123\n", yaml);
        JsonElement machine = JsonDocument.Parse(File.ReadAllText(Path.Combine(RunFolder, "files", "swanlab-metadata.json"))).RootElement;
        Assert.Equal((Environment.ProcessId, Environment.MachineName), (machine.GetProperty("pid").GetInt32(), machine.GetProperty("hostname").GetString()));
        Assert.Equal(Environment.ProcessorCount, machine.GetProperty("hardware").GetProperty("cpu").GetProperty("logical_count").GetInt32());
        Assert.Contains("smvl sync", Assert.Single(notes));
    }

    [Fact]
    public void APlaceThatFailsIsLeftOutWithOneWarning()
    {
        using SwanLabTracker tracker = new(Settings(), notes.Add);
        tracker.OnStart(TrackedRuns.Start());
        Directory.Delete(Path.Combine(RunFolder, "logs"));
        File.WriteAllText(Path.Combine(RunFolder, "logs"), "in the way");
        for (int step = 1; step <= 4; step++)
        {
            tracker.Log(TrackedRuns.Training(step));
        }

        tracker.OnEnd(new RunEnd(RunState.Finished));
        Assert.Equal(2, notes.Count);
        Assert.Contains("runs.swanlab is not written any more", notes[1]);
        Assert.Equal(16, Of(JsonRecords(RunFolder), "Scalar").Count());   // the others go on
    }

    [Theory]
    [InlineData("https://name:secret@example.org/a.git", "https://example.org/a.git"), InlineData("git@example.org:a.git", "git@example.org:a.git")]
    public void AnAddressLosesItsPassword(string remote, string expected) => Assert.Equal(expected, GitState.WithoutPassword(remote));

    internal static JsonElement[] JsonRecords(string run) =>
        [.. RecordReader.Read(Path.Combine(run, "backup.swanlab"), 1).Select(record => JsonDocument.Parse(Encoding.UTF8.GetString(record)[..^1]).RootElement)];

    internal static IEnumerable<JsonElement> Of(IEnumerable<JsonElement> records, string type) => records.Where(record => Type(record) == type).Select(Data);

    private SwanLabSettings Settings() => new() { Mode = SwanLabMode.Offline, LogDir = LogDir, Project = "project" };

    private void LogRun(RunEnd end)
    {
        using SwanLabTracker tracker = new(Settings(), notes.Add);
        TrackedRuns.Log(tracker, TrackedRuns.Start());
        tracker.OnEnd(end);
    }

    private static string Type(JsonElement record) => record.GetProperty("model_type").GetString()!;

    private static JsonElement Data(JsonElement record) => record.GetProperty("data");

    private static List<T> Rows<T>(SqliteConnection database, string sql, Func<SqliteDataReader, T> row)
    {
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
