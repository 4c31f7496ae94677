using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class TrainingStateTests : IDisposable
{
    private static readonly TrainingState State = new()
    {
        GlobalStep = 7,
        Epoch = 1,
        BatchesConsumed = 4,
        Seed = 42,
        DataSeed = 3,
        Mixture = "fixture 24",
        Rows = 24,
        BatchSize = 2,
        Accumulation = 4,
        MaxTokensPerBatch = null,
        Freeze = "connector",
        LossSinceLog = 0.1 + 0.2,
        LastLoggedStep = 5,
        TotalLoss = 1.0 / 3,
        TokensSeen = 5_000_000_000,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryDigitComesBack()
    {
        State.Write(_folder.Path);
        Assert.Equal(State, TrainingState.Read(_folder.Path));
    }

    [Theory]
    [InlineData("\"seed\": 42,", "", "the field seed is missing")]
    [InlineData("\"version\": 1", "\"version\": 2", "another version (expected 1, actual 2)")]
    [InlineData("\"seed\": 42", "\"seed\": 42.5", "seed cannot be read")]
    [InlineData("\"seed\": 42", "\"seed\": 42, \"more\": 1", "unknown field more")]
    public void ADamagedFileIsAnError(string old, string replacement, string expected)
    {
        State.Write(_folder.Path);
        string path = _folder.File(TrainingState.FileName);
        File.WriteAllText(path, File.ReadAllText(path).Replace(old, replacement, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<SmvlException>(() => TrainingState.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelOnlyCheckpointCannotContinue() =>
        Assert.Contains("another output_dir", Assert.Throws<SmvlException>(() => TrainingState.Read(_folder.Path)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null, ""), InlineData(null, "--learning_rate 1 --max_steps 9")]
    [InlineData("seed", "--seed 1"), InlineData("data_seed", "--data_seed 4"), InlineData("freeze", "--freeze full")]
    [InlineData("per_device_train_batch_size", "--per_device_train_batch_size 3"), InlineData("gradient_accumulation_steps", "--gradient_accumulation_steps 2")]
    [InlineData("the number of training rows", ""), InlineData("max_tokens_per_batch", "--max_tokens_per_batch 4096"), InlineData("train_data", "--train_data other")]
    public void WhatFixesTheSamplesMustNotChange(string? differs, string change)
    {
        Dictionary<string, string> keys = new() { ["--seed"] = "42", ["--data_seed"] = "3", ["--per_device_train_batch_size"] = "2", ["--gradient_accumulation_steps"] = "4" };
        foreach (string[] pair in change.Split(' ', StringSplitOptions.RemoveEmptyEntries).Chunk(2))
        {
            keys[pair[0]] = pair[1];
        }

        TrainingArguments arguments = TrainingArguments.FromCommandLine([.. keys.SelectMany(key => new[] { key.Key, key.Value })]);
        var steps = new TrainingSteps(arguments, differs == "the number of training rows" ? 25 : 24);
        if (differs is null)
        {
            State.CheckContinues(arguments, steps, "fixture 24", "run/checkpoint-7");
        }
        else
        {
            string error = Assert.Throws<SmvlException>(() => State.CheckContinues(arguments, steps, differs == "train_data" ? "other 24" : "fixture 24", "run/checkpoint-7")).Message;
            Assert.StartsWith($"run/checkpoint-7: {differs} differs", error, StringComparison.Ordinal);
        }
    }
}
