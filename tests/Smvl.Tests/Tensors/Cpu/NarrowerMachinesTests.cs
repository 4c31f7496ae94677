namespace Smvl.Tests.Tensors.Cpu;

/// <summary>
/// Kernels and goldens again in processes whose runtime leaves out vector instructions, as older and other CPUs do. The whole suite
/// under these settings is run by hand (docs/development.md).
/// </summary>
public sealed class NarrowerMachinesTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public Task KernelsPassWithout(string setting) => PassWithout(
        setting,

        // what goes through the public doors: it picks its width by what the runtime says
        "*.MatMulTests.BlocksAndSlabsMeet", "*.MatMulTests.SmallRowsAreRight", "*.MatMulTests.HalfKeepsSubnormalsAndInfinities",
        "*.AttentionTests.BackwardMatchesFiniteDifferences", "*.AttentionTests.ThreadsNeverChangeABit", "*.SimdMathTests.ExpIsWithinTwoUlp",
        "*.MatMulQuantizedTests.*",
        "*.ResamplerTests.*");

    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public Task GoldensPassWithout(string setting) => PassWithout(
        setting,
        "*.ForwardGoldenTests.*", "*.TrainingGoldenTests.LogAndWeightsMatch", "*.GenerateGoldenTests.*", "*.BpeTokenizerGoldenTests.*",
        "*.ProcessorGoldenTests.*");

    private static Task PassWithout(string setting, params string[] methods)
    {
        Assert.SkipWhen(ChildProcess.IsThis, "runs in the outer process only");
        return ChildProcess.Passes(methods, (setting, "0"));
    }
}
