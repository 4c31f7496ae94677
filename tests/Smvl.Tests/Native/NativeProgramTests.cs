using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Tests.Inference;
using Smvl.Tests.Models;
using Smvl.Tests.Text;
using Smvl.Tests.Training;

namespace Smvl.Tests.Native;

/// <summary>
/// The native binary computes what the reference implementation does: its tokens, its answers, its training; ahead-of-time compilation
/// leaves nothing out that the commands need. The same goldens that the library is held to.
/// </summary>
[Trait("Category", "Native")]
public sealed class NativeProgramTests
{
    private const long MostBytes = 25 << 20;
    private const int MostMilliseconds = 50, Starts = 20;
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<int> GreedyCases => GenerateGoldenTests.Cases;

    public static TheoryData<string> TrainingCases => TrainingGoldenTests.Cases;

    [Fact]
    public Task TinyVocabularyGivesTheReferencesIds() => CheckTokens(Tokenizers.TinyFolder, "tiny-cases.json");

    [Fact]
    public Task RealVocabularyGivesTheReferencesIds()
    {
        Tokenizers.NeedQwen();
        return CheckTokens(Tokenizers.QwenFolder, "qwen-cases.json");
    }

    [Theory, MemberData(nameof(GreedyCases))]
    public async Task GreedyAnswersMatch(int index)
    {
        JsonElement golden = Golden.Json("generate", "greedy.json")[index];
        GreedyCase greedy = GreedyCase.Of(golden);
        (int code, string output, string error) = await NativeProgram.Run(
            "",
            [
                "chat", Golden.Path("spliced"), greedy.Question, "--system", greedy.System, "--thinking", "on", "--temperature", "0", "--json",
                "--max_new_tokens", $"{Math.Max(40, golden.GetProperty("new_ids").GetArrayLength())}",
                .. greedy.Pictures.SelectMany(picture => (string[])["--image", picture]),
            ]);
        Assert.True(code == 0, error);
        JsonElement answer = JsonDocument.Parse(output).RootElement;
        Assert.Equal(Ids(golden, "ids"), Ids(answer, "prompt_ids"));
        Assert.Equal(Ids(golden, "new_ids"), Ids(answer, "new_ids"));
        Assert.Equal(golden.GetProperty("text").GetString(), answer.GetProperty("text").GetString());
    }

    [Theory, MemberData(nameof(TrainingCases))]
    public async Task TrainingMatches(string name)
    {
        using TemporaryFolder folder = new();
        (int code, string output, string error) = await NativeProgram.Run("", ["train", .. RunFixture.GoldenKeys(name, folder["run"])]);
        Assert.True(code == 0, output + error);
        TrainingGoldenTests.CheckLogAndWeights(name, folder["run"]);
    }

    /// <summary>--verify reads the files again and compares tensors, vocabulary and answers with the folder.</summary>
    [Theory, InlineData("q8_0"), InlineData("f16")]
    public async Task AnExportIsVerifiedAndAnswers(string type)
    {
        using TemporaryFolder folder = new();
        string source = ExportableFolder.Make(folder), name = Path.GetFileName(source);
        (int code, string output, string error) = await NativeProgram.Run("", "export", "gguf", source, "--type", type, "--output", folder["out"], "--verify");
        Assert.True(code == 0, output + error);
        string text = folder["out", $"{name}-{type.ToUpperInvariant()}.gguf"];
        (code, output, error) = await NativeProgram.Run("", "chat", text, "？", "--json", "--max_new_tokens", "4");
        Assert.True(code == 0, error);
        Assert.NotEmpty(Ids(JsonDocument.Parse(output).RootElement, "new_ids"));
    }

    [Fact]
    public async Task ConfigurationFilesAreRead()
    {
        using TemporaryFolder folder = new();
        string config = folder.Write("run.yaml", $$"""
            model: {{Golden.Path("spliced")}}
            data_dir: {{Golden.Path("training", "data")}}
            train_data: [fixture]   # a list, in YAML's flow style
            output_dir: {{folder["run"]}}
            eval_rows: 0
            max_steps: 2
            report_to: [swanlab, tensorboard]   # into the binary's own working folder and the run's
            """);
        (int code, string output, string error) = await NativeProgram.Run("", "train", config);
        Assert.True(code == 0, output + error);
        Assert.True(File.Exists(folder["run", "model.safetensors"]));
        Assert.Contains("swanlog", output);
        Assert.NotEmpty(Directory.GetFiles(folder["run", "runs"], "*tfevents*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task MistakesAreOneLine()
    {
        (int code, _, string error) = await NativeProgram.Run("", "chat", "nowhere", "hello");
        Assert.Equal(1, code);
        Assert.StartsWith("smvl: error: ", Assert.Single(error.TrimEnd('\n').Split('\n')));
        (code, _, error) = await NativeProgram.Run("", "chat", "nowhere", "--temperature", "warm");
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }

    [Fact]
    public async Task ItIsSmallAndStartsAtOnce()
    {
        Assert.InRange(new FileInfo(NativeProgram.Path).Length, 1, MostBytes);
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < Starts; i++)   // the quickest: what else the machine does is not its doing
        {
            long before = Stopwatch.GetTimestamp();
            (int code, string output, _) = await NativeProgram.Run("", "--version");
            TimeSpan taken = Stopwatch.GetElapsedTime(before);
            Assert.Equal(0, code);
            Assert.Matches(@"^\d+\.\d+\.\d+", output);
            best = taken < best ? taken : best;
        }

        Assert.InRange(best.TotalMilliseconds, 0, MostMilliseconds);
    }

    private static async Task CheckTokens(string folder, string file)
    {
        JsonElement[] cases = [.. Golden.Json("tokenizer", file).EnumerateArray()];
        string texts = string.Concat(cases.Select(golden => JsonSerializer.Serialize(golden.GetProperty("text").GetString(), Readable) + "\n"));
        (int code, string output, string error) = await NativeProgram.Run(texts, "tokenize", folder);
        Assert.True(code == 0, error);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(cases.Length, lines.Length);
        foreach ((JsonElement golden, string line) in cases.Zip(lines))
        {
            JsonElement ours = JsonDocument.Parse(line).RootElement;
            Assert.Equal(Ids(golden, "ids"), Ids(ours, "ids"));
            foreach (string key in (string[])["decoded", "decoded_skip_special"])
            {
                if (golden.TryGetProperty(key, out JsonElement expected))
                {
                    Assert.Equal(expected.GetString(), ours.GetProperty(key).GetString());
                }
            }
        }
    }

    private static int[] Ids(JsonElement holder, string key) => [.. holder.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
}
