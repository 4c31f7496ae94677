using System.Text.Json;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>--threads</c> of every command that computes: any number gives the same bytes, and what is no number is wrong usage.</summary>
public sealed class ThreadsTests : IDisposable
{
    private static readonly string Vision = Golden.Path("sources", "smolvlm2-tiny");
    private static readonly string Text = Golden.Path("sources", "qwen3-tiny");
    private static readonly string Spliced = Golden.Path("spliced");

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task TrainingGivesTheSameLossesAndWeights()
    {
        string yaml = temporary.Write("run.yaml", $"""
            model: {Spliced}
            data_dir: {Golden.Path("training", "data")}
            train_data: fixture
            freeze: full
            max_steps: 3
            per_device_train_batch_size: 2
            logging_steps: 1
            eval_strategy: steps
            eval_rows: 2
            report_to: none
            """);
        await Same(
            "model.safetensors",
            (threads, output) => ["train", "--threads", threads, yaml, "--output_dir", output],
            output => string.Join('\n', File.ReadLines(Path.Combine(output, "log.jsonl")).Where(line => line.Contains("\"loss\"", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task InitAndSpliceGiveTheSameWeights()
    {
        await Same("model.safetensors", (threads, output) => ["init", "--preset", "smolvlm2-tiny", "--output", output, "--threads", threads]);
        await Same("model.safetensors", (threads, output) => ["splice", "--vision", Vision, "--text", Text, "--output", output, $"--threads={threads}"]);
    }

    [Fact]
    public async Task ChatGivesTheSameLogProbabilities()
    {
        string picture = Directory.GetFiles(Golden.Path("generate"), "*.png").Order().First();
        List<string> answers = [];
        foreach (string threads in (string[])["1", "2", "3"])
        {
            (int code, string output, string error) = await Run(
                "chat", Spliced, "--image", picture, "图中有什么？", "--max_new_tokens", "4", "--temperature", "0", "--json", "--logprobs", "2", "--threads", threads);
            Assert.Equal((0, ""), (code, error));
            answers.Add(JsonDocument.Parse(output).RootElement.GetProperty("logprobs").GetRawText());
        }

        Assert.All(answers, answer => Assert.Equal(answers[0], answer));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1025")]
    [InlineData("2.5")]
    [InlineData("many")]
    [InlineData("")]
    public async Task WhatIsNoNumberOfThreadsIsWrongUsage(string threads)
    {
        string output = temporary["out"];
        string[][] commands =
        [
            ["train", "--model", Spliced, "--output_dir", output], ["chat", Spliced, "？"], ["demo", "--output", output],
            ["init", "--preset", "qwen3-tiny", "--output", output], ["splice", "--vision", Vision, "--text", Text, "--output", output],
        ];
        foreach (string[] command in commands)
        {
            (int code, string printed, string error) = await Run([.. command, "--threads", threads]);
            Assert.Equal((2, ""), (code, printed));
            Assert.StartsWith("smvl: usage: --threads must be a whole number from 1 to 1024.\n", error);
        }

        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public async Task AMissingNumberIsWrongUsage() =>
        Assert.Equal(2, (await Run("train", "--model", Spliced, "--output_dir", temporary["out"], "--threads")).Code);

    [Fact]
    public async Task TheThreadsOfARunAreNoPartOfItsConfiguration()
    {
        string error = await Fails("train", temporary.Write("run.yaml", "threads: 2\n"));
        Assert.Contains("unknown key threads", error);
        (_, string help, _) = await Run("train", "--help");
        Assert.Contains("--threads", help);
    }

    [Fact]
    public void TheEnvironmentsNumberIsTheDefault()
    {
        Assert.Equal(3, ThreadCount.Of("3"));
        Assert.Equal(Environment.ProcessorCount, ThreadCount.Of(null));
        Assert.All((string[])["0", "all", ""], value => Assert.StartsWith("SMVL_THREADS: ", Assert.Throws<SmvlException>(() => ThreadCount.Of(value)).Message));
    }

    /// <summary>Runs a command with 1, 2 and 3 threads; the file and the text must be the same.</summary>
    private async Task Same(string file, Func<string, string, string[]> arguments, Func<string, string>? text = null)
    {
        List<(byte[] File, string? Text)> results = [];
        foreach (string threads in (string[])["1", "2", "3"])
        {
            string output = temporary[$"{results.Count}-{arguments("", "")[0]}"];
            (int code, _, string error) = await Run(arguments(threads, output));
            Assert.Equal((0, ""), (code, error));
            results.Add((File.ReadAllBytes(Path.Combine(output, file)), text?.Invoke(output)));
        }

        Assert.All(results, result => Assert.True(result.File.AsSpan().SequenceEqual(results[0].File)));
        Assert.All(results, result => Assert.Equal(results[0].Text, result.Text));
    }
}
