using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Data;

namespace Smvl.Tests.Training;

/// <summary>The same rows cost the same, whatever file they come from; and bad ones are skipped and counted.</summary>
public sealed class JsonTrainingTests : IDisposable
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData("llava"), InlineData("sharegpt"), InlineData("messages"), InlineData("parts")]
    public void TheFormChangesNothing(string form)
    {
        RecordingObserver parquet = new(), json = new();
        RunFixture.Run(RunFixture.Keys(folder["parquet"], More), parquet);
        string file = Write(form);
        RunFixture.Run(Keys("json", file, More), json);
        Assert.Equal(3, json.Steps.Count);
        Assert.Equal(parquet.Steps.Select(step => (step.Loss, step.GradientNorm)), json.Steps.Select(step => (step.Loss, step.GradientNorm)));
    }

    [Fact]
    public void BadRowsAreSkippedAndCounted()
    {
        string file = Write("sharegpt");
        File.AppendAllLines(file, ["{\"conversations\": [", """{"image": "no.png", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}"""]);
        int rows = File.ReadLines(file).Count();
        string[] epoch = ["--num_train_epochs", "1", "--eval_rows", "0", "--train_sampling_strategy", "sequential", "--per_device_train_batch_size", "4"];
        string message = Assert.Throws<SmvlException>(() => RunFixture.Run(Keys("stops", file, epoch))).Message;
        Assert.StartsWith($"{file}, row {rows - 2}: the row is no whole JSON object", message);

        foreach (string[] more in (string[][])[epoch, [.. epoch, "--max_tokens_per_batch", "2048"]])
        {
            RecordingObserver observer = new();
            RunFixture.Run([.. Keys($"skips{more.Length}", file, more), "--skip_bad_rows"], observer);
            string summary = observer.Notes.Single(note => note.Contains("bad rows skipped", StringComparison.Ordinal));
            Assert.Contains($"bad rows skipped: 2 (the first: {file}, row {rows - 2}: ", summary);
        }
    }

    private static string[] More => ["--max_steps", "3", "--eval_rows", "0", "--train_sampling_strategy", "sequential", "--per_device_train_batch_size", "2", "--turns", "all", "--loss_on", "answer"];

    private List<string> Keys(string output, string file, string[] more)
    {
        List<string> keys = RunFixture.Keys(folder[output], [.. more, "--image_folder", folder["pictures"]]);
        keys[keys.IndexOf("--train_data") + 1] = file;
        return keys;
    }

    /// <summary>The fixture's rows as JSON, their pictures in a folder.</summary>
    private string Write(string form)
    {
        Directory.CreateDirectory(folder["pictures"]);
        using CauldronDataset fixture = CauldronDataset.Open(Golden.Path("training", "data"), "fixture");
        List<object> rows = [];
        for (int i = 0; i < fixture.Count; i++)
        {
            CauldronRow row = fixture.ReadRow(i);
            File.WriteAllBytes(folder["pictures", $"{i}.png"], row.Images![0]!.Bytes!);
            rows.Add(Row(form, $"{i}.png", [.. row.Texts!.Select(turn => (turn!.User!, turn.Assistant!))]));
        }

        string text = form == "llava" ? JsonSerializer.Serialize(rows, Plain) : string.Join('\n', rows.Select(row => JsonSerializer.Serialize(row, Plain))) + "\n";
        return folder.Write(form == "llava" ? "rows.json" : "rows.jsonl", text);
    }

    private static Dictionary<string, object> Row(string form, string picture, (string User, string Assistant)[] turns)
    {
        IEnumerable<object> Messages(string who, string what, string user, string assistant, Func<string, int, object> question) => turns.Index().SelectMany(turn => new object[]
        {
            new Dictionary<string, object> { [who] = user, [what] = question(turn.Item.User, turn.Index) }, new Dictionary<string, object> { [who] = assistant, [what] = turn.Item.Assistant },
        });
        object[] parts = [new Dictionary<string, object> { ["type"] = "image", ["path"] = picture }];
        return form switch
        {
            "llava" => new() { ["id"] = "1", ["image"] = picture, ["conversations"] = Messages("from", "value", "human", "gpt", (text, i) => i == 0 ? $"<image>\n{text}" : text) },
            "sharegpt" => new()
            {
                ["images"] = new[] { picture },
                ["conversations"] = Messages("from", "value", "human", "gpt", (text, i) => text).Prepend(new Dictionary<string, object> { ["from"] = "system", ["value"] = "" }),
            },
            "messages" => new() { ["images"] = new[] { picture }, ["messages"] = Messages("role", "content", "user", "assistant", (text, i) => text) },
            _ => new()
            {
                ["messages"] = Messages("role", "content", "user", "assistant", (text, i) => (object[])[.. i == 0 ? parts : [], new Dictionary<string, object> { ["type"] = "text", ["text"] = text }]),
            },
        };
    }
}
