using Microsoft.AspNetCore.Http;
using Smvl.Cli;
using Smvl.Tests.Hubs;
using Smvl.Tests.Net;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl download</c> as a user runs it: the real program beside a hub on loopback.</summary>
public sealed class DownloadCommandTests : IAsyncLifetime
{
    private const string Repository = $"models/{HubFixture.Model}";

    private readonly TemporaryFolder temporary = new();
    private readonly Dictionary<string, string> variables = [];
    private HubServer server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await HubServer.Start();
        variables["HOME"] = temporary["home"];
        variables["HF_ENDPOINT"] = variables["MODELSCOPE_ENDPOINT"] = server.Address;
        foreach (string other in (string[])["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "MODELSCOPE_CACHE", "HF_TOKEN", "MODELSCOPE_API_TOKEN"])
        {
            variables[other] = "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        temporary.Dispose();
    }

    [Theory]
    [InlineData("download")]
    [InlineData("download --model a/b --dataset a/b")]
    [InlineData("download --model a/b --from nowhere")]
    [InlineData("download --model a/b --max_workers 0")]
    [InlineData("download a.txt --model a/b --include *.txt")]
    [InlineData("download resources --only nothing")]
    public async Task WrongUsageExitsWithTwo(string line)
    {
        (int code, _, string error) = await Run(line.Split(' '));
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }

    [Fact]
    public async Task ANameThatCannotBeOneIsRefused() => Assert.Contains("OWNER/NAME", await Fails("download", "--model", "../x"));

    [Fact]
    public async Task ResourcesComeWhereTrainingLooksForThemAndAreFoundByTheirNames()
    {
        AddSource("models/Qwen/Qwen3-0.6B", "qwen3-tiny");
        AddSource("models/HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "smolvlm2-tiny");
        server.Add("models/HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "onnx/model.onnx", "not for us");
        server.Add("datasets/AI-ModelScope/the_cauldron", "README.md", "card");
        server.Add("datasets/AI-ModelScope/the_cauldron", "cocoqa/train-00000-of-00001-0123456789abcdef.parquet", HubFixture.Random(1000));
        server.Add("datasets/AI-ModelScope/the_cauldron", "docvqa/train-00000-of-00001-0123456789abcdef.parquet", HubFixture.Random(1000));
        variables["MODELSCOPE_API_TOKEN"] = "a-secret-token";

        (int code, string output, string error) = await Program("download", "resources");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Qwen/Qwen3-0.6B at master", output);
        Assert.Contains("fetched config.json", output);
        Assert.Contains($"AI-ModelScope/the_cauldron is in {Path.Combine(".", "data/the_cauldron")}: 2 files fetched", output);
        Assert.DoesNotContain("a-secret-token", output);
        Assert.All(server.Requests, request => Assert.Equal("Bearer a-secret-token", request.Header("Authorization")));
        Assert.Equal(["README.md", "cocoqa"], Names("data", "the_cauldron"));
        Assert.Equal(Directory.GetFiles(Golden.Path("sources", "smolvlm2-tiny")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal), Names("model", "SmolVLM2-256M-Video-Instruct"));

        int asked = server.FileRequests.Count;
        (code, output, _) = await Program("download", "resources", "--only", "text", "data");
        Assert.Equal((0, asked), (code, server.FileRequests.Count));
        Assert.DoesNotContain("SmolVLM2", output);
        Assert.Contains("2 files there already", output);

        (code, output, error) = await Program(
            "splice", "--vision", "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "--text", "Qwen/Qwen3-0.6B", "--output", "spliced");
        Assert.True(code == 0, error);
        Assert.Contains("Qwen/Qwen3-0.6B is model/Qwen3-0.6B", error);
        Assert.Contains("Qwen3-0.6B", File.ReadAllText(temporary["work", "spliced", "smvl_sources.json"]));
    }

    [Fact]
    public async Task ANameWithoutACopySaysWhichCommandFetchesIt()
    {
        (int code, _, string error) = await Program("info", "Qwen/Qwen3-0.6B");
        Assert.Equal(1, code);
        Assert.Equal(
            "smvl: error: Qwen/Qwen3-0.6B: no such folder, and no copy of a hub's model of that name; smvl download --model Qwen/Qwen3-0.6B --local_dir model/Qwen3-0.6B fetches it\n",
            error);
        (code, _, error) = await Program("train", "--model", "Qwen/Qwen3-0.6B", "--output_dir", "run");
        Assert.Equal(1, code);
        Assert.Contains("smvl download --model Qwen/Qwen3-0.6B", error);
        (code, _, error) = await Program("train", "--output_dir", "run");
        Assert.Equal(1, code);
        Assert.Contains("smvl download resources", error);

        Directory.CreateDirectory(temporary["work", "model"]);
        (_, _, error) = await Program("info", "model/mistyped");   // a path into a folder that exists
        Assert.Equal("smvl: error: model/mistyped: no such folder (expected a Hugging Face checkpoint folder)\n", error);
    }

    [Fact]
    public async Task ACacheOfHuggingFaceIsFoundByName()
    {
        AddSource("models/Qwen/Qwen3-0.6B", "qwen3-tiny");
        (int code, string output, string error) = await Program("download", "--model", "Qwen/Qwen3-0.6B", "--from", "huggingface");
        Assert.Equal((0, ""), (code, error));
        string snapshot = temporary["home", ".cache", "huggingface", "hub", "models--Qwen--Qwen3-0.6B", "snapshots", HubServer.Commit];
        Assert.Contains($"Qwen/Qwen3-0.6B is in {snapshot}: ", output);
        (code, output, error) = await Program("info", "Qwen/Qwen3-0.6B");
        Assert.Equal((0, $"Qwen/Qwen3-0.6B is {snapshot}\n"), (code, error));
        Assert.StartsWith("Qwen3 text model", output);
    }

    [Fact]
    public async Task CtrlCKeepsWhatCameAndTheSameCommandContinues()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends a signal");
        byte[] weights = HubFixture.Random(200_000);
        server.Add(Repository, "weights.bin", weights);
        TaskCompletionSource half = new();
        server.BeforeFile = async (context, content) =>
        {
            await SendHalf(context, content);
            half.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        string[] line = ["download", "--model", HubFixture.Model, "--local_dir", "out", "--from", "huggingface"];
        using (ProgramProcess program = new(Directory.CreateDirectory(temporary["work"]).FullName, variables, line))
        {
            await half.Task.WaitAsync(TimeSpan.FromMinutes(2));
            await Task.Delay(1000);   // they are on their way from one process to the other
            await program.Signal("INT");
            (int code, string output, string error) = await program.End();
            Assert.Equal((CommandLineProgram.Interrupted, ""), (code, error));
            Assert.Contains("interrupted; the same command continues from here", output);
        }

        Assert.False(File.Exists(temporary["work", "out", "weights.bin"]));
        await Continues(line, weights, "bytes=100000-199999");
    }

    [Fact]
    public async Task AKilledProcessIsContinued()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends a signal");
        byte[] weights = HubFixture.Random(200_000);
        server.Add(Repository, "weights.bin", weights);
        TaskCompletionSource noted = new();
        server.BeforeFile = async (context, content) =>
        {
            await SendHalf(context, content);
            for (int at = 100_000; !context.RequestAborted.IsCancellationRequested; at++)
            {
                await Task.Delay(100, context.RequestAborted);
                await context.Response.Body.WriteAsync(content.AsMemory(at, 1));
                await context.Response.Body.FlushAsync();
                if (at == 100_040)
                {
                    noted.TrySetResult();   // four seconds: twice what it takes to note what came
                }
            }

            return true;
        };
        string[] line = ["download", "--model", HubFixture.Model, "--local_dir", "out"];
        using (ProgramProcess program = new(Directory.CreateDirectory(temporary["work"]).FullName, variables, line))
        {
            await noted.Task.WaitAsync(TimeSpan.FromMinutes(2));
            await program.Signal("KILL");
            Assert.NotEqual(0, (await program.End()).Code);
        }

        await Continues(line, weights, null);
    }

    [Fact]
    public async Task AFailureIsOneLine()
    {
        variables["HF_TOKEN"] = "a-secret-token";
        (int code, string output, string error) = await Program("download", "--model", "no/such", "--from", "huggingface");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("smvl: error: Hugging Face no/such: no such model, or a private one", Assert.Single(error.TrimEnd('\n').Split('\n')));
        Assert.DoesNotContain("a-secret-token", error);
        Assert.Equal("Bearer a-secret-token", Assert.Single(server.Requests).Header("Authorization"));
    }

    private async Task Continues(string[] line, byte[] weights, string? range)
    {
        int before = server.FileRequests.Count;
        server.BeforeFile = null;
        (int code, string output, string error) = await Program(line);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("1 file fetched", output);
        Assert.Equal(weights, File.ReadAllBytes(temporary["work", "out", "weights.bin"]));
        LoopbackRequest rest = Assert.Single(server.FileRequests.Skip(before));
        Assert.StartsWith("bytes=100", rest.Header("Range"));   // behind what came and was noted
        Assert.True(range is null || range == rest.Header("Range"), rest.Header("Range"));
        HubFixture.AssertClean(temporary["work", "out"]);
    }

    private static async Task SendHalf(HttpContext context, byte[] content)
    {
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content.AsMemory(0, content.Length / 2));
        await context.Response.Body.FlushAsync();
    }

    private Task<(int Code, string Output, string Error)> Program(params string[] args) =>
        ProgramProcess.Run(Directory.CreateDirectory(temporary["work"]).FullName, variables, args);

    private string[] Names(params string[] folder) =>
        [.. Directory.EnumerateFileSystemEntries(temporary[["work", .. folder]]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private void AddSource(string repository, string source)
    {
        foreach (string path in Directory.GetFiles(Golden.Path("sources", source)))
        {
            server.Add(repository, Path.GetFileName(path), File.ReadAllBytes(path));
        }
    }
}
