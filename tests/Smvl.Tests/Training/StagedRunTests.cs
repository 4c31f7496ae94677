using Smvl.Models;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Stages are runs that begin where the one before ended: bit for bit the same as those runs by hand, wherever they are stopped.</summary>
public sealed class StagedRunTests : IDisposable
{
    private const string Stages = """
        [{"name": "connector", "freeze": "connector", "learning_rate": 0.001, "max_steps": 3, "per_device_train_batch_size": 2},
         {"name": "vision", "freeze": "connector+vision", "learning_rate": 0.0005, "max_steps": 2, "max_grad_norm": 0.05, "per_device_train_batch_size": 2},
         {"name": "full", "freeze": "full", "freeze_parameters": "model.text_model.embed_tokens", "learning_rate": 0.0001, "max_steps": 3, "per_device_train_batch_size": 1}]
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void StagesAreTheRunsByHand()
    {
        RecordingObserver staged = new();
        TrainingResult result = RunFixture.Run(Keys("staged"), staged);
        Assert.False(result.Interrupted);
        Assert.Equal(["1/3 connector", "2/3 vision", "3/3 full"], staged.Steps.Select(s => s.Stage).Distinct());
        Assert.Equal([1, 2, 3, 1, 2, 1, 2, 3], staged.Steps.Select(s => s.Step));

        RecordingObserver byHand = new();
        RunFixture.Run(ByHand("first", Golden.Path("spliced"), "--freeze", "connector", "--learning_rate", "0.001", "--max_steps", "3", "--per_device_train_batch_size", "2"), byHand);
        RunFixture.Run(ByHand("second", folder["first"], "--freeze", "connector+vision", "--learning_rate", "0.0005", "--max_steps", "2", "--max_grad_norm", "0.05", "--per_device_train_batch_size", "2"), byHand);
        RunFixture.Run(
            ByHand("third", folder["second"], "--freeze", "full", "--freeze_parameters", "model.text_model.embed_tokens", "--learning_rate", "0.0001", "--max_steps", "3", "--per_device_train_batch_size", "1"),
            byHand);
        Assert.Equal(byHand.Steps.Select(s => s.Loss), staged.Steps.Select(s => s.Loss));
        foreach ((string expected, string actual) in (ReadOnlySpan<(string, string)>)[("first", "staged/connector"), ("second", "staged/vision"), ("third", "staged/full"), ("third", "staged")])
        {
            AssertSameWeights(folder[expected], folder[actual]);
        }

        // the root is a model with its state; its configuration holds the stages and reads back
        Assert.Equal(3, TrainerState.Read(folder["staged"]).GlobalStep);
        Assert.Equal(["connector", "vision", "full"], TrainingArguments.FromYaml(folder["staged", TrainingArguments.FileName]).Stages!.Select(s => s.Name));
        Assert.True(File.Exists(folder["staged", TrainingRun.AnswerFile]));

        // once more: nothing is left to do
        RecordingObserver again = new();
        TrainingResult same = RunFixture.Run(Keys("staged"), again);
        Assert.Empty(again.Steps);
        Assert.Equal(result, same);
        AssertSameWeights(folder["third"], folder["staged"]);
    }

    [Theory, InlineData(2), InlineData(4), InlineData(7)]
    public void AnInterruptedStageContinuesBitForBit(int stopAfter)
    {
        RecordingObserver whole = new(), second = new();
        RunFixture.Run(Keys("whole"), whole);
        using CancellationTokenSource stop = new();
        int done = 0;
        RecordingObserver first = new()
        {
            AtStep = _ =>
            {
                if (++done == stopAfter)
                {
                    stop.Cancel();
                }
            },
        };
        Assert.True(RunFixture.Run(Keys("parts"), first, threads: 1, cancellation: stop.Token).Interrupted);
        Assert.False(File.Exists(folder["parts", "model.safetensors"]));
        Assert.False(RunFixture.Run(Keys("parts"), second).Interrupted);
        Assert.Equal(stopAfter, first.Steps.Count);
        Assert.Equal(whole.Steps.Select(s => s.Loss), first.Steps.Concat(second.Steps).Select(s => s.Loss));
        AssertSameWeights(folder["whole"], folder["parts"]);
    }

    [Fact]
    public void AFinishedStageCanBeGoneOnFrom()
    {
        string refused = Error("run", "--resume_from_stage", "vision");
        Assert.Contains("stage vision is not finished", refused, StringComparison.Ordinal);
        RunFixture.Run(Keys("run"));
        Dictionary<string, byte[]> expected = RunFixture.Weights(folder["run"]);

        // the stages before it may be gone; those behind it run anew where that is asked for
        Directory.Delete(folder["run", "connector"], recursive: true);
        RecordingObserver observer = new();
        RunFixture.Run([.. Keys("run"), "--resume_from_stage", "2", "--overwrite_output_dir"], observer);
        Assert.Equal(["3/3 full"], observer.Steps.Select(s => s.Stage).Distinct());
        Assert.Equal(3, observer.Steps.Count);
        Assert.All(RunFixture.Weights(folder["run"]), tensor => Assert.Equal(expected[tensor.Key], tensor.Value));
        Assert.False(Directory.Exists(folder["run", "connector"]));

        Assert.Contains("stage full is the last one", Error("run", "--resume_from_stage", "full"), StringComparison.Ordinal);
        Assert.Contains("there is no such stage (expected 1 to 3, or connector, vision, full, actual stage9)", Error("run", "--resume_from_stage", "stage9"), StringComparison.Ordinal);
    }

    [Fact]
    public void StagesWithAdaptersCarryTheirUpdatesOver()
    {
        RecordingObserver observer = new();
        RunFixture.Run(
            RunFixture.Keys(
                folder["run"], "--eval_rows", "0", "--save_strategy", "no", "--max_steps", "2", "--learning_rate", "0.01", "--stages",
                """[{"name": "a", "lora_r": 2}, {"name": "b", "lora_r": 4, "lora_target_modules": "fc1"}, {"name": "c", "freeze": "connector"}]"""),
            observer);
        Assert.Equal(6, observer.Steps.Count);
        Assert.True(File.Exists(folder["run", "a", AdapterFolder.WeightsName]));
        Assert.False(AdapterFolder.Is(folder["run"]));
        Dictionary<string, byte[]> source = RunFixture.Weights(Golden.Path("spliced")), merged = RunFixture.Weights(folder["run", "a", "merged"]), last = RunFixture.Weights(folder["run"]);
        Assert.All(merged.Keys, name => Assert.Equal((name.Contains("text_model.layers.", StringComparison.Ordinal) && name.Contains("_proj", StringComparison.Ordinal)) || name.Contains("connector", StringComparison.Ordinal), !merged[name].AsSpan().SequenceEqual(source[name])));
        Assert.All(last.Keys, name => Assert.Equal(name.EndsWith("fc1.weight", StringComparison.Ordinal) || name.Contains("connector", StringComparison.Ordinal), !last[name].AsSpan().SequenceEqual(merged[name])));
    }

    [Fact]
    public void ALaterStagesMistakeIsToldBeforeTheFirstOneRuns()
    {
        foreach ((string stage, string expected) in (ReadOnlySpan<(string, string)>)
            [("\"trainable_parameters\": \"model.txt_model\"", "model.txt_model matches no tensor"), ("\"lora_r\": 2, \"lora_target_modules\": \"w_proj\"", "w_proj matches no tensor")])
        {
            string error = Assert.Throws<SmvlException>(() => RunFixture.Run(
                RunFixture.Keys(folder["run"], "--max_steps", "1", "--stages", $"[{{\"name\": \"one\"}}, {{\"name\": \"two\", {stage}}}]"))).Message;
            Assert.Contains(expected, error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder["run"]));
        }
    }

    [Fact]
    public void AFolderOfOtherThingsIsRefused()
    {
        Directory.CreateDirectory(folder["run"]);
        File.WriteAllText(folder["run", "notes.txt"], "mine");
        Assert.Contains("holds no stage to continue from", Error("run"), StringComparison.Ordinal);
    }

    private string Error(string output, params string[] more) => Assert.Throws<SmvlException>(() => RunFixture.Run([.. Keys(output), .. more])).Message;

    private List<string> Keys(string output) => [.. ByHand(output, Golden.Path("spliced")), "--stages", Stages];

    private List<string> ByHand(string output, string model, params string[] more)
    {
        List<string> keys = RunFixture.Keys(
            folder[output], "--eval_rows", "0", "--save_strategy", "no", "--lr_scheduler_type", "cosine", "--warmup_steps", "1", "--weight_decay", "0.01");
        keys[keys.IndexOf("--model") + 1] = model;
        return [.. keys, .. more];
    }

    private static void AssertSameWeights(string expected, string actual)
    {
        Dictionary<string, byte[]> a = RunFixture.Weights(expected), b = RunFixture.Weights(actual);
        Assert.Equal(a.Keys.Order(), b.Keys.Order());
        Assert.All(a, tensor => Assert.Equal(tensor.Value, b[tensor.Key]));
    }
}
