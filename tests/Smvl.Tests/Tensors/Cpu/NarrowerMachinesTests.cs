using System.Diagnostics;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>The kernel tests again in processes whose runtime leaves out vector instructions, as older and other CPUs do.</summary>
public sealed class NarrowerMachinesTests
{
    private const string Child = "SMVL_TEST_CHILD";

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task KernelsPassWithout(string setting)
    {
        if (Environment.GetEnvironmentVariable(Child) is not null)
        {
            Assert.Skip("runs in the outer process only");
        }

        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (!System.IO.Path.GetFileName(Environment.ProcessPath!).StartsWith("Smvl.Tests"))
        {
            start.ArgumentList.Add(typeof(NarrowerMachinesTests).Assembly.Location);
        }

        // what goes through the public doors: it picks its width by what the runtime says
        string[] methods =
        [
            "*.MatMulTests.BlocksAndSlabsMeet", "*.MatMulTests.SmallRowsAreRight", "*.MatMulTests.HalfKeepsSubnormalsAndInfinities",
            "*.AttentionTests.BackwardMatchesFiniteDifferences", "*.AttentionTests.ThreadsNeverChangeABit", "*.SimdMathTests.ExpIsWithinTwoUlp",
        ];
        foreach (string method in methods)
        {
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add(method);
        }

        start.Environment[setting] = "0";
        start.Environment[Child] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.DoesNotContain("Total: 0", output);
    }
}
