using System.Globalization;
using System.Text.Json;
using Smvl.Benchmarks;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl bench</c> on the tiny preset: that every row is there and can be read. How large a figure is proves nothing.</summary>
public sealed class BenchCommandTests
{
    /// <summary>The rows that readers of the JSON rely on.</summary>
    private static readonly string[] Promised =
    [
        "limit.fma", "limit.read", "gemm.forward", "gemm.dx", "gemm.dw", "attention.causal", "attention.full", "tile", "prompt512", "generate", "chat",
        "step.connector", "step.connector.checkpointed", "step.full", "load", "image", "tokenizer",
        "peak.generate", "peak.chat", "peak.step.connector", "peak.step.connector.checkpointed", "peak.step.full",
    ];

    /// <summary>Those that a limit stands beside.</summary>
    private static readonly string[] Limited =
    [
        "gemm.forward", "gemm.dx", "gemm.dw", "attention.causal", "attention.full", "tile", "prompt512", "generate", "step.connector",
        "step.connector.checkpointed", "step.full",
    ];

    [Fact]
    public async Task EveryRowIsThereAsTextAndAsJson()
    {
        (int code, string json, string table) = await Run("bench", "--preset", "tiny", "--json", "--threads", "2");
        Assert.True(code == 0, table);
        JsonElement[] rows = [.. JsonDocument.Parse(json).RootElement.EnumerateArray()];
        string[] names = [.. rows.Select(row => row.GetProperty("name").GetString()!)];
        Assert.Empty(Promised.Except(names));
        Assert.Equal(BenchmarkSuite.Names.Order(), names.Order());
        foreach (JsonElement row in rows)
        {
            Assert.Equal(["name", "value", "unit", "limit", "share"], row.EnumerateObject().Select(field => field.Name));
            string name = row.GetProperty("name").GetString()!;
            Assert.True(IsPositive(row.GetProperty("value")), $"{row}");
            Assert.NotEmpty(row.GetProperty("unit").GetString()!);
            foreach (string field in (string[])["limit", "share"])
            {
                JsonElement value = row.GetProperty(field);
                Assert.True(Limited.Contains(name) ? IsPositive(value) : value.ValueKind == JsonValueKind.Null, $"{row}");
            }
        }

        string[] lines = table.TrimEnd('\n').Split('\n');
        Assert.StartsWith("SmVL ", lines[0]);
        Assert.Contains(" 2 threads", lines[1]);
        Assert.Equal(["name", "value", "unit", "limit", "share"], lines[4].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(names, lines[5..].Select(line => line.Split(' ')[0]));
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"smvl-bench-{Environment.ProcessId}-*"));
    }

    [Fact]
    public async Task OnlyTheNamedRowsOfTheNamedModelAreMeasured()
    {
        (int code, string text, string error) = await Run("bench", "--preset", "tiny", "--only", "limit.fma, peak.load,attention", "--model", Golden.Path("spliced"));
        Assert.Equal((0, ""), (code, error));
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.EndsWith($"model {Golden.Path("spliced")}", lines[2]);
        Assert.Equal(["limit.fma", "attention.causal", "attention.full", "peak.load"], lines[5..].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task AGpuIsNamedAndMeasuredWithItsOwnPeaksAndNoLimits()
    {
        GpuDeviceInfo gpu = Tensors.Gpu.Gpu.Info;
        (int code, string json, string table) = await Run("bench", "--preset", "tiny", "--device", "gpu", "--only", "gemm.dw,generate,peak.step.connector", "--json");
        Assert.True(code == 0, table);
        JsonElement[] rows = [.. JsonDocument.Parse(json).RootElement.EnumerateArray()];
        Assert.Equal(["gemm.dw", "generate", "peak.step.connector"], rows.Select(row => row.GetProperty("name").GetString()));
        Assert.All(rows, row =>
        {
            Assert.True(IsPositive(row.GetProperty("value")), $"{row}");
            Assert.Equal(JsonValueKind.Null, row.GetProperty("limit").ValueKind);
        });
        string header = table.Split('\n')[1];
        Assert.Contains(gpu.Name, header, StringComparison.Ordinal);
        Assert.Contains(gpu.Driver, header, StringComparison.Ordinal);

        // a block of the driver's is the least that is taken
        Assert.True(rows[^1].GetProperty("value").GetDouble() > 1.0 / 64, $"{rows[^1]}");
    }

    [Theory]
    [InlineData("limit", "limit.fma")]
    [InlineData("tile,image", "image")]
    public async Task RowsThatAGpuDoesNotHaveAreRefusedWithTheReason(string only, string missing)
    {
        _ = Tensors.Gpu.Gpu.Info;
        (int code, string error) = await Quiet("bench", "--device", "gpu", "--only", only);
        Assert.Equal(2, code);
        Assert.StartsWith($"smvl: usage: --only: there is no {missing} of a GPU: ", error);
    }

    [Theory]
    [InlineData("step.connector", "step.connector")]
    [InlineData("step", "step.connector step.connector.checkpointed step.full")]
    [InlineData("gemm", "gemm.forward gemm.dx gemm.dw")]
    [InlineData("ge", "")]
    [InlineData("", "")]
    public void ANameIsARowOrTheBeginningOfSeveral(string name, string expected) =>
        Assert.Equal(expected, string.Join(' ', BenchmarkSuite.Select(name)));

    [Theory]
    [InlineData("--only", "nonsense")]
    [InlineData("--only", "tile,")]
    [InlineData("--preset", "huge")]
    [InlineData("--threads", "0")]
    public async Task WrongUsageExitsWithTwo(string option, string value)
    {
        (int code, string error) = await Quiet("bench", option, value);
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }

    [Fact]
    public async Task AnUnknownNameIsToldTheKnownOnes()
    {
        (_, string error) = await Quiet("bench", "--only", "nonsense");
        Assert.Contains("nonsense", error);
        Assert.All(Promised, name => Assert.Contains(name, error));
    }

    [Fact]
    public async Task AFolderThatIsNoModelIsNamed() => Assert.Contains("config.json", await Fails("bench", "--only", "load", "--model", Golden.Path("generate")));

    [Fact]
    public async Task AWorkThatFailsIsToldAndTheOthersAreMeasured()
    {
        using TemporaryFolder temporary = new();
        temporary.Copy(Golden.Path("spliced"), "config.json");   // no weights
        (int code, string text, string error) = await Run("bench", "--preset", "tiny", "--only", "load,image", "--model", temporary.Path);
        Assert.Equal((1, ""), (code, error));
        string[] lines = text.TrimEnd('\n').Split('\n')[5..];
        Assert.StartsWith("load: not measured: load: the work's process failed", lines[0]);
        Assert.Contains(temporary.Path, lines[0]);
        Assert.StartsWith("image ", lines[1]);
    }

    [Fact]
    public async Task CancellationEndsTheWorksProcess()
    {
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(100));

        // at full size it takes seconds
        await Assert.ThrowsAsync<OperationCanceledException>(() => Task.Run(() => Smvl.Cli.BenchProcess.Run(
            BenchmarkSuite.Works.Single(work => work.Name == "gemm.dw"), BenchmarkPreset.Full, new DeviceChoice(DeviceKind.Cpu), 1, new BenchmarkSource(Golden.Path("spliced")), source.Token)).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private static bool IsPositive(JsonElement value) =>
        double.TryParse(value.GetRawText(), CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) && number > 0;
}
