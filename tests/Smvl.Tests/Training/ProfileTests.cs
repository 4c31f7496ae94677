using System.Text.Json;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Models;
using Smvl.Training;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Training;

/// <summary><c>smvl train --profile</c>: what it counts, that it changes nothing, and that its seconds are the step's.</summary>
public sealed class ProfileTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory, InlineData("connector", false), InlineData("connector+vision", false), InlineData("full", false), InlineData("full", true)]
    public void TheOperationsCountWhatTheShapesSay(string freeze, bool checkpointing)
    {
        using CpuBackend cpu = new(2);
        using ProfilingBackend backend = new(cpu);
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        ModelConfig config = folder.Model.Config;
        string[] trained = freeze switch { "connector" => ["connector."], "connector+vision" => ["connector.", "vision."], _ => [""] };
        folder.Model.Unfreeze(parameter => trained.Any(prefix => parameter.Name.StartsWith(prefix, StringComparison.Ordinal)));
        folder.Model.GradientCheckpointing = checkpointing;
        string name = Path.GetFileNameWithoutExtension(Directory.GetFiles(Golden.Path("forward"), "*.safetensors").Order().First());
        using ForwardCase given = new(name, config);
        Assert.True(given.Batch.TileCount > 0 && given.Batch.TargetRows.Count > ProfilingBackend.FewRows, "the case has pictures and targets");
        backend.Take();
        folder.Model.LossAndGradients(given.Batch, 1);
        IReadOnlyDictionary<OperationKind, OperationTally> tallies = backend.Take();

        // multiplications and additions of every matrix, from the configuration alone
        VisionConfig v = config.Vision;
        TextConfig t = config.Text;
        long patches = (long)given.Batch.TileCount * v.PatchCount, rows = (long)given.Batch.TileCount * config.ImageSequenceLength;
        long tokens = given.Batch.Ids.Count, targets = given.Batch.TargetRows.Count;
        long towerBlocks = v.LayerCount * patches * ((4L * v.HiddenSize * v.HiddenSize) + (2L * v.HiddenSize * v.IntermediateSize)) * 2;
        long convolution = patches * v.HiddenSize * v.ChannelCount * v.PatchSize * v.PatchSize * 2;
        long connector = rows * config.ConnectorInputSize * t.HiddenSize * 2;
        long queryWidth = t.HeadCount * t.HeadSize, keyWidth = t.KeyValueHeadCount * t.HeadSize;
        long textBlocks = t.LayerCount * tokens * ((2 * t.HiddenSize * (queryWidth + keyWidth)) + (3L * t.HiddenSize * t.IntermediateSize)) * 2;
        long head = targets * t.HiddenSize * t.VocabularySize * 2;
        long towerPairs = given.Batch.TileCount * (long)v.PatchCount * v.PatchCount;
        long textPairs = given.Batch.Lengths.Sum(length => Enumerable.Range(1, length).Sum(seen => (long)seen));
        long towerAttention = v.LayerCount * towerPairs * v.HiddenSize * 2, textAttention = t.LayerCount * textPairs * queryWidth * 2;
        bool vision = freeze != "connector", all = freeze == "full";

        // checkpointing computes every block a second time
        int passes = checkpointing ? 2 : 1;
        Assert.Equal((passes * (towerBlocks + textBlocks)) + convolution + connector + head, Work(OperationKind.LinearForward));
        Assert.Equal((vision ? towerBlocks + connector : 0) + textBlocks + head, Work(OperationKind.LinearBackwardInput));
        Assert.Equal(connector + (vision ? towerBlocks + convolution : 0) + (all ? textBlocks + head : 0), Work(OperationKind.LinearBackwardParameters));
        Assert.Equal(2 * passes * (towerAttention + textAttention), Work(OperationKind.AttentionForward));
        Assert.Equal(5 * ((vision ? towerAttention : 0) + textAttention), Work(OperationKind.AttentionBackward));
        Assert.Equal((2 * targets * t.VocabularySize * sizeof(float)) + (targets * sizeof(float)), Work(OperationKind.Loss));
        Assert.All(tallies.Values, tally => Assert.True(tally is { Calls: > 0, Ticks: >= 0 }));
        Assert.Empty(backend.Take());

        long Work(OperationKind kind) => tallies[kind].Work;
    }

    [Fact]
    public void FewRowsAndLongCachesAreCountedAsTheyAre()
    {
        using CpuBackend cpu = new(1);
        using ProfilingBackend backend = new(cpu);
        using Tensor weight = backend.Zeros(5, 7);
        foreach (int count in (int[])[1, ProfilingBackend.FewRows, ProfilingBackend.FewRows + 1])
        {
            using Tensor x = backend.Zeros(count, 7), y = backend.Zeros(count, 5);
            backend.Linear(y, x, weight, null);
        }

        // two queries behind eight cached keys: the first sees nine, the second ten
        using Tensor q = backend.Zeros(2, 4 * 8), o = backend.Zeros(2, 4 * 8), k = backend.Zeros(10, 2 * 8), v = backend.Zeros(10, 2 * 8);
        backend.Attention(o, null, q, k, v, new AttentionLayout([new AttentionSegment(0, 2, 0, 10)], 4, 2, 8, Causal: true));
        IReadOnlyDictionary<OperationKind, OperationTally> tallies = backend.Take();
        Assert.Equal((2, 2 * (1 + ProfilingBackend.FewRows) * 5 * 7), (tallies[OperationKind.LinearForwardFewRows].Calls, tallies[OperationKind.LinearForwardFewRows].Work));
        Assert.Equal((1, 2 * (ProfilingBackend.FewRows + 1) * 5 * 7), (tallies[OperationKind.LinearForward].Calls, tallies[OperationKind.LinearForward].Work));
        Assert.Equal(2 * 2 * 19 * 4 * 8, tallies[OperationKind.AttentionForward].Work);
    }

    [Fact]
    public void AProfiledRunIsTheSameRun()
    {
        RecordingObserver plain = new(), profiled = new();
        using CpuBackend cpu = new(2);
        using ProfilingBackend backend = new(cpu);
        Run(plain, cpu, "plain");
        Run(profiled, backend, "profiled");
        Assert.Equal(plain.Steps.Select(step => (step.Loss, step.GradientNorm)), profiled.Steps.Select(step => (step.Loss, step.GradientNorm)));
        Assert.Equal(plain.Evaluations, profiled.Evaluations);
        Dictionary<string, byte[]> expected = RunFixture.Weights(temporary["plain"]), actual = RunFixture.Weights(temporary["profiled"]);
        Assert.All(expected, tensor => Assert.Equal(tensor.Value, actual[tensor.Key]));

        void Run(RecordingObserver observer, Backend on, string output) => TrainingRun.Run(
            TrainingArguments.FromCommandLine(RunFixture.Keys(
                temporary[output], "--freeze", "full", "--max_steps", "4", "--per_device_train_batch_size", "2", "--eval_strategy", "steps",
                "--eval_steps", "2", "--eval_rows", "2")),
            on, observer);
    }

    [Theory, InlineData(1, 1), InlineData(3, 2)]
    public async Task TheSecondsAddUpToTheStep(int steps, int counted)
    {
        string[] keys = [.. RunFixture.Keys(temporary["run"], "--max_steps", $"{steps}", "--per_device_train_batch_size", "2")];
        (int code, string output, string error) = await Run(["train", "--profile", .. keys]);
        Assert.Equal((0, ""), (code, error));
        JsonElement root = JsonDocument.Parse(File.ReadAllText(temporary["run", "profile.json"])).RootElement;
        Assert.Equal((counted, steps > 1), (root.GetProperty("steps").GetInt32(), root.GetProperty("first_step_left_out").GetBoolean()));
        JsonElement[] operations = [.. root.GetProperty("operations").EnumerateArray()];
        double sum = operations.Sum(operation => Number(operation, "seconds"));
        Assert.Equal(Number(root, "operations_seconds"), sum, 1e-9);
        Assert.Equal(Number(root, "seconds"), sum + Number(root, "outside_operations_seconds") + Number(root, "waiting_for_data_seconds"), 1e-9);
        Assert.All(
            (string[])["operations_seconds", "outside_operations_seconds", "waiting_for_data_seconds"],
            name => Assert.InRange(Number(root, name), 0, Number(root, "seconds")));
        Assert.Equal(
            Number(root, "gflop"), operations.Where(o => o.TryGetProperty("gflop", out _)).Sum(o => Number(o, "gflop")), 1e-9);

        // the table says the same
        string[] lines = output.Split('\n');
        int at = Array.FindIndex(lines, line => line.StartsWith("profile: mean of", StringComparison.Ordinal));
        string[] table = lines[(at + 2)..(at + 2 + operations.Length + 4)];
        Assert.Equal(
            [.. operations.Select(o => o.GetProperty("kind").GetString()!), "all operations", "outside operations", "waiting for data", "step"],
            table.Select(line => line[..26].TrimEnd()));
        double[] seconds = [.. table.Select(line => double.Parse(line[36..48], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(seconds[^1], seconds[^4] + seconds[^3] + seconds[^2], 2e-6);
        Assert.Equal(seconds[^4], seconds[..^4].Sum(), 1e-6 * operations.Length);

        static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();
    }

    [Fact]
    public async Task WithoutTheFlagThereIsNoProfile()
    {
        (int code, string output, _) = await Run(["train", .. RunFixture.Keys(temporary["run"], "--max_steps", "1")]);
        Assert.Equal(0, code);
        Assert.DoesNotContain("profile", output);
        Assert.False(File.Exists(temporary["run", "profile.json"]));
    }
}
