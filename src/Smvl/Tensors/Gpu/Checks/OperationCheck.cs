namespace Smvl.Tensors.Gpu.Checks;

/// <summary>An operation on made-up numbers, to be run on two backends whose results must agree.</summary>
/// <param name="Group">kind of operation</param>
/// <param name="Name">which of them: types, sizes</param>
/// <param name="Relative">what an element may be off, as a share of its result's largest</param>
/// <param name="Absolute">added to that; where both are 0 the bits are the same</param>
/// <param name="Run">makes its inputs, computes, returns what to compare</param>
internal sealed record OperationCheck(string Group, string Name, double Relative, double Absolute, Func<CheckTensors, Tensor[]> Run)
{
    public override string ToString() => $"{Group}: {Name}";
}

/// <summary>What became of a check.</summary>
/// <param name="Check">which</param>
/// <param name="Error">the worst element's error as a share of what it may be off; 0 where bits are compared and the same</param>
/// <param name="Failure">what is wrong, in one line; null if nothing is</param>
internal sealed record CheckResult(OperationCheck Check, double Error, string? Failure);
