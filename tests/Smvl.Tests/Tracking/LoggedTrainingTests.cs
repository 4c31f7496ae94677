using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Smvl.Cli;
using Smvl.Tests.Tracking.SwanLab;
using Smvl.Tests.Tracking.TensorBoard;
using Smvl.Tests.Training;

namespace Smvl.Tests.Tracking;

/// <summary>Whole training runs as processes of their own, with the environment that a user would set.</summary>
public sealed class LoggedTrainingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ARunIsLoggedEverywhereItReportsTo()
    {
        (int code, string output) = await Train(["--max_steps", "4", "--eval_strategy", "steps", "--eval_steps", "2", "--eval_rows", "2", "--visual_gain", "--learning_rate", "1e-3"]);
        Assert.True(code == 0, output);
        Assert.Contains("swanlab: offline, nobody is logged in", output);
        Assert.Contains("smvl sync", output);
        string run = Assert.Single(Directory.GetDirectories(folder["logs"]));
        JsonElement[] records = SwanLabTrackerTests.JsonRecords(run);
        string[] keys = [.. SwanLabTrackerTests.Of(records, "Column").Select(column => column.GetProperty("key").GetString()!)];
        Assert.Equal(
            [
                "eval/loss", "eval/runtime", "eval/samples_per_second", "eval/steps_per_second", "eval/visual_gain", "sample/上下文", "sample/输入图像", "sample/问题&回复",
                "single_value/total_flos", "single_value/train_loss", "single_value/train_runtime", "single_value/train_samples_per_second", "single_value/train_steps_per_second",
                "train/epoch", "train/global_step", "train/grad_norm", "train/learning_rate", "train/loss", "train/memory_gib", "train/tokens_per_second",
            ],
            keys.Order(StringComparer.Ordinal));

        // the same numbers as in the Trainer's own log
        Assert.Equal(
            Logged("loss"),
            SwanLabTrackerTests.Of(records, "Scalar").Where(scalar => scalar.GetProperty("key").GetString() == "train/loss")
                .Select(scalar => (scalar.GetProperty("step").GetInt64(), scalar.GetProperty("metric").GetProperty("data").GetDouble())));
        Assert.True(SwanLabTrackerTests.Of(records, "Footer").Single().GetProperty("success").GetBoolean());
        string[] lines = [.. SwanLabTrackerTests.Of(records, "Log").Select(line => line.GetProperty("message").GetString()!)];
        Assert.Contains(lines, line => line.StartsWith("trainable params: ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("step 4/4", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains(line, output));   // the console is what the user saw
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Assert.Single(Directory.GetFiles(Path.Combine(run, "media", "image"))))[..4]);
        Assert.Contains("<|im_start|>user", File.ReadAllText(Assert.Single(Directory.GetFiles(Path.Combine(run, "media", "text")))));
        Assert.Contains("\"output_dir\"", File.ReadAllText(Path.Combine(run, "files", "config.yaml")));

        string events = Assert.Single(Directory.GetFiles(folder["run", "runs"], "*tfevents*", SearchOption.AllDirectories));
        Assert.Equal(
            Logged("loss").Select(loss => (loss.Step, (float)loss.Value)),
            EventReader.Read(events).Skip(1).Where(e => e.Message(5).Message(1).Text(1) == "train/loss").Select(e => (e.Integer(2), e.Message(5).Message(1).Single(2))));
    }

    [Fact]
    public async Task AKilledRunsLogsAreReadable()
    {
        using Process process = Start(["--max_steps", "100000", "--save_steps", "2", "--save_total_limit", "1"]);
        Task<string> reading = process.StandardOutput.ReadToEndAsync();
        int saved = 0;
        while (saved < 6 && !process.HasExited)
        {
            await Task.Delay(20);
            saved = Directory.Exists(folder["run"])
                ? Directory.GetDirectories(folder["run"], "checkpoint-*").Select(path => int.Parse(path.Split('-')[^1])).DefaultIfEmpty(0).Max()
                : 0;
        }

        Assert.False(process.HasExited, "the run ended by itself");
        process.Kill();
        await process.WaitForExitAsync();
        string output = await reading;
        Assert.Contains("step 1/100000", output);
        saved -= 2;   // of the last checkpoint the flush may have been going on; the one before was flushed

        string run = Assert.Single(Directory.GetDirectories(folder["logs"]));
        Assert.InRange(Last(SwanLabTrackerTests.Of(SwanLabTrackerTests.JsonRecords(run), "Scalar")
            .Where(scalar => scalar.GetProperty("key").GetString() == "train/loss").Select(scalar => scalar.GetProperty("step").GetInt64())), saved, int.MaxValue);
        Assert.InRange(Last(RecordReader.Read(Assert.Single(Directory.GetFiles(run, "run-*.swanlab")), 2).Select(record => new WireMessage(record))
            .Where(record => record.Has(13) && record.Message(13).Text(1) == "train/loss").Select(record => record.Message(13).Integer(2))), saved, int.MaxValue);
        string events = Assert.Single(Directory.GetFiles(folder["run", "runs"], "*tfevents*", SearchOption.AllDirectories));
        Assert.InRange(Last(EventReader.Read(events).Skip(1)
            .Where(e => e.Message(5).Message(1).Text(1) == "train/loss").Select(e => e.Integer(2))), saved, int.MaxValue);

        using SqliteConnection database = new($"Data Source={folder["logs", "runs.swanlab"]};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = "SELECT folder FROM tag WHERE name = 'train/loss'";
        string kid = (string)command.ExecuteScalar()!;
        Assert.InRange(Last(File.ReadLines(Path.Combine(run, "logs", kid, "1000.log")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("index").GetInt64())), saved, int.MaxValue);
        Assert.True(JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "logs", kid, "_summary.json"))).RootElement.GetProperty("num").GetInt32() >= saved);
    }

    [Fact]
    public async Task AFolderThatCannotBeMadeCostsAWarning()
    {
        folder.Write("logs", "a file where the folder should be");
        (int code, string output) = await Train(["--max_steps", "1"]);
        Assert.True(code == 0, output);
        Assert.Single(output.Split('\n'), line => line.StartsWith("swanlab: ", StringComparison.Ordinal) && line.EndsWith("; the run goes on without this log", StringComparison.Ordinal));
        Assert.True(File.Exists(folder["run", "model.safetensors"]));
    }

    [Fact]
    public async Task AWrongVariableIsAnErrorBeforeAnythingIsWritten()
    {
        (int code, string output) = await Train(["--max_steps", "1"], ("SWANLAB_MODE", "somewhere"));
        Assert.True(code == 1, output);
        Assert.Contains("SWANLAB_MODE", output);
        Assert.False(Directory.Exists(folder["run"]));
    }

    private static long Last(IEnumerable<long> steps)
    {
        long[] all = [.. steps];
        Assert.Equal(Enumerable.Range(1, all.Length).Select(step => (long)step), all);   // none is missing
        return all[^1];
    }

    private IEnumerable<(long Step, double Value)> Logged(string name) =>
        from line in File.ReadLines(folder["run", "log.jsonl"])
        let entry = JsonDocument.Parse(line).RootElement
        where entry.TryGetProperty(name, out _)
        select (entry.GetProperty("step").GetInt64(), entry.GetProperty(name).GetDouble());

    private async Task<(int Code, string Output)> Train(string[] keys, params (string Name, string Value)[] variables)
    {
        using Process process = Start(keys, variables);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    private Process Start(string[] keys, params (string Name, string Value)[] variables)
    {
        List<string> arguments = RunFixture.Keys(folder["run"]);
        int none = arguments.IndexOf("--report_to");
        arguments[none + 1] = "swanlab,tensorboard";
        ProcessStartInfo start = new(
            "dotnet", [typeof(CommandLineProgram).Assembly.Location, "train", .. arguments, "--logging_steps", "1", "--per_device_train_batch_size", "1", "--threads", "1", .. keys])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("SWANLAB_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["SWANLAB_SAVE_DIR"] = folder["nobody"];
        start.Environment["SWANLAB_LOG_DIR"] = folder["logs"];
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
