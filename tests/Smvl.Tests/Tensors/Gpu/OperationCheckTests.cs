using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu.Checks;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Every operation on the GPU against the CPU's, and that a wrong one is found.</summary>
[Collection(GpuOperations.Name)]
public sealed class OperationCheckTests(GpuPair pair)
{
    public static TheoryData<string> Names => [.. OperationChecks.All.Select(check => check.ToString())];

    [Theory, MemberData(nameof(Names))]
    public void TheGpuComputesWhatTheCpuDoes(string name)
    {
        CheckResult result = OperationChecks.Run(OperationChecks.All.Single(check => check.ToString() == name), pair.Cpu, pair.Gpu);
        Assert.True(result.Failure is null, result.Failure);
        Gpu.CheckMessages();
    }

    [Fact]
    public void AFewOfThemAreForADriverThatWasNeverMet() =>
        Assert.Equal(["products", "norms", "attention"], OperationChecks.Few.Select(check => check.Group));

    [Theory]
    [InlineData(0, 0, "element 2 is 3.5, expected 3")]
    [InlineData(0, 0.25, "element 2 is 3.5, expected 3, off by 0.5, allowed 0.25")]
    [InlineData(0.1, 0.25, null)]
    public void AnElementThatIsOffIsNamed(double relative, double absolute, string? failure)
    {
        CheckResult result = Check(relative, absolute, isRight => isRight ? [1f, 2f, 3f] : [1f, 2f, 3.5f]);
        Assert.Equal(failure is not null, result.Failure?.Contains(failure ?? "", StringComparison.Ordinal) ?? false);
        Assert.Equal(failure is null, result.Failure is null);
    }

    [Fact]
    public void NanIsAFailure() => Assert.Contains("element 1 is NaN", Check(1, 1, isRight => isRight ? [1f, 2f] : [1f, float.NaN]).Failure, StringComparison.Ordinal);

    [Fact]
    public void ASecondRunMustGiveTheSameBits()
    {
        int runs = 0;
        Assert.Contains("other bits", Check(1, 1, isRight => [isRight ? 1f : 1f + (runs++ * 0.01f)]).Failure, StringComparison.Ordinal);
    }

    private static CheckResult Check(double relative, double absolute, Func<bool, float[]> values)
    {
        using CpuBackend right = new(1), wrong = new(1);
        return OperationChecks.Run(
            new OperationCheck("group", "name", relative, absolute, run =>
            {
                float[] numbers = values(run.Backend == right);
                return [run.Put(numbers, numbers.Length)];
            }),
            right,
            wrong);
    }
}
