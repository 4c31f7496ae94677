using Smvl.Cli.TinyBases;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli.TinyBases;

/// <summary>The one command that makes the embedded bases, on a thousandth of its data and steps.</summary>
public sealed class TinyBasesBuildTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task AThousandthOfTheWholeWayMakesThreeModelsAndASecondCallKeepsThem()
    {
        string[] command =
        [
            "tiny-bases", "build", "--samples", Path.Combine(Golden.Root, "samples", "data"), "--configs", Path.Combine(Golden.Root, "configs"),
            "--output", temporary["made"], "--share", "0.001", "--threads", "2",
        ];
        Assert.Equal((0, ""), await Quiet(command));
        string[] models = [TinyBasesBuild.VisionName, TinyBasesBuild.TextName, TinyBasesBuild.DemoName];
        byte[][] made = [.. models.Select(Weights)];
        using var backend = new CpuBackend(1);
        foreach (string model in models)
        {
            using ModelFolder embedded = ModelFolder.OpenAny(Path.Combine(Golden.Root, "samples", model), backend), folder = ModelFolder.OpenAny(temporary["made", model], backend);
            Assert.Equal(Shapes(embedded), Shapes(folder));
        }

        Assert.Equal((0, ""), await Quiet(command));
        Assert.Equal(made, models.Select(Weights));

        byte[] Weights(string model) => File.ReadAllBytes(temporary["made", model, "model.safetensors"]);
    }

    private static string[] Shapes(ModelFolder folder) => [.. folder.Model.Parameters.Select(parameter => $"{parameter.Name} {parameter.Shape}").Order(StringComparer.Ordinal)];
}
