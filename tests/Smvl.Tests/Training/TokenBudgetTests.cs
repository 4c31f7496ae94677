using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Micro-batches of so many tokens: what they hold, that the loss is the same, and that a run continues.</summary>
public sealed class TokenBudgetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Every sample comes once an epoch: the tokens are those of a run whose batches have so many samples.</summary>
    [Theory, InlineData("random"), InlineData("sequential")]
    public void StepsStayWithinTheBudgetAndMissNothing(string sampling)
    {
        const int Budget = 400;
        RecordingObserver budget = new(), samples = new();
        RunFixture.Run(Keys("budget", "--train_sampling_strategy", sampling, "--num_train_epochs", "2", "--max_tokens_per_batch", $"{Budget}"), budget);
        RunFixture.Run(Keys("samples", "--train_sampling_strategy", sampling, "--num_train_epochs", "2", "--per_device_train_batch_size", "1"), samples);
        Assert.All(budget.Steps, step => Assert.InRange(step.Tokens, 1, Budget));
        Assert.Equal(samples.Steps.Sum(step => step.Tokens), budget.Steps.Sum(step => step.Tokens));
        Assert.True(budget.Steps.Count < samples.Steps.Count / 2, $"{budget.Steps.Count} steps");
        Assert.Equal(2.0, budget.Steps[^1].Epoch);
        Assert.Equal(budget.Steps[^1].MaxSteps, budget.Steps.Count);

        // no batch could have taken the next sample too
        int longest = samples.Steps.Max(step => step.Tokens);
        Assert.All(budget.Steps.Where(step => step.Epoch is not (1.0 or 2.0)), step => Assert.True(step.Tokens + longest > Budget, $"{step.Tokens}"));
    }

    /// <summary>One batch of everything is one batch, however it was asked for.</summary>
    [Fact]
    public void TheLossIsTheSame()
    {
        RecordingObserver budget = new(), samples = new();
        string[] common = ["--train_sampling_strategy", "sequential", "--max_steps", "3", "--learning_rate", "1e-3"];
        RunFixture.Run(Keys("budget", [.. common, "--max_tokens_per_batch", "1000000"]), budget);
        RunFixture.Run(Keys("samples", [.. common, "--per_device_train_batch_size", "1000"]), samples);
        Assert.Equal(samples.Steps.Select(step => (step.Loss, step.GradientNorm, step.Tokens)), budget.Steps.Select(step => (step.Loss, step.GradientNorm, step.Tokens)));
    }

    [Theory]
    [InlineData("fixture", "--max_tokens_per_batch 400 --max_length 200")]
    [InlineData("fixture@1,talk.jsonl@2", "--per_device_train_batch_size 2")]
    [InlineData("fixture*0.4,talk.jsonl*3", "--max_tokens_per_batch 300 --max_length 200")]
    public void AnInterruptedRunContinuesBitForBit(string datasets, string more)
    {
        Directory.CreateDirectory(folder["data"]);
        Directory.CreateSymbolicLink(folder["data", "fixture"], Golden.Path("training", "data", "fixture"));
        folder.Write("data/talk.jsonl", string.Join('\n', Enumerable.Range(1, 7).Select(i =>
            $$"""{"messages": [{"role": "user", "content": "{{i}} 加一是几？"}, {"role": "assistant", "content": "{{i + 1}}。"}]}""")));
        string[] keys = [.. more.Split(' '), "--gradient_accumulation_steps", "2", "--max_steps", "9", "--learning_rate", "1e-3", "--save_steps", "3"];
        List<string> Mixed(string output)
        {
            List<string> all = Keys(output, keys);
            all[all.IndexOf("--data_dir") + 1] = folder["data"];
            all[all.IndexOf("--train_data") + 1] = datasets;
            return all;
        }

        RecordingObserver whole = new();
        RunFixture.Run(Mixed("whole"), whole);
        using CancellationTokenSource stop = new();
        RecordingObserver first = new()
        {
            AtStep = step =>
            {
                if (step == 5)
                {
                    stop.Cancel();
                }
            },
        };
        Assert.True(RunFixture.Run(Mixed("parts"), first, threads: 1, cancellation: stop.Token).Interrupted);
        RecordingObserver second = new();
        RunFixture.Run(Mixed("parts"), second);
        Assert.Equal(
            whole.Steps.Select(step => (step.Loss, step.GradientNorm, step.Tokens, step.Epoch)),
            first.Steps.Concat(second.Steps).Select(step => (step.Loss, step.GradientNorm, step.Tokens, step.Epoch)));
        Assert.Equal(RunFixture.Weights(folder["whole"]).Select(Digest), RunFixture.Weights(folder["parts"]).Select(Digest));

        static string Digest(KeyValuePair<string, byte[]> tensor) => $"{tensor.Key} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(tensor.Value))}";
    }

    /// <summary>Steps of epochs that differ, against a walk through all of them.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void StepsAreCountedThroughEpochsThatDiffer(int accumulation)
    {
        int[] batches = [5, 3, 7, 1, 6, 6];
        TrainingArguments arguments = TrainingArguments.FromCommandLine("--num_train_epochs", "5.5", "--gradient_accumulation_steps", $"{accumulation}");
        TrainingSteps steps = new(arguments, rows: 40, epoch => batches[epoch % batches.Length]);
        int update = 0;
        for (int epoch = 0; epoch < 5; epoch++)
        {
            for (int batch = 0; batch < batches[epoch]; batch += accumulation, update++)
            {
                int taken = Math.Min(accumulation, batches[epoch] - batch);
                Assert.Equal((epoch, batch), steps.Position(update));
                Assert.Equal(taken, steps.BatchesOfUpdate(update));
                Assert.Equal(epoch + ((batch + taken) / (double)batches[epoch]), steps.Epoch(update + 1));
                Assert.Equal(batch + taken == batches[epoch], steps.EndsEpoch(update + 1));
            }
        }

        Assert.Equal(update + (int)Math.Ceiling(0.5 * ((6 + accumulation - 1) / accumulation)), steps.MaxSteps);
        Assert.Equal(6, steps.Epochs);
    }

    [Fact]
    public void ABudgetBelowASampleIsRefused()
    {
        string message = Assert.Throws<SmvlException>(() => TrainingArguments.FromCommandLine("--max_tokens_per_batch", "2047")).Message;
        Assert.Contains("max_tokens_per_batch: a sample of max_length would not fit into a batch (expected at least max_length, 2048, actual 2047)", message);
    }

    private List<string> Keys(string output, params string[] more) => RunFixture.Keys(
        folder[output], [.. more, .. more.Contains("--max_length") ? (string[])[] : ["--max_length", "200"], "--eval_rows", "0", "--save_total_limit", "1"]);
}
