using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary>One operation with its operands, which go with it.</summary>
internal sealed class Operation(Action run, params Tensor[] operands) : IDisposable
{
    public Action Run => run;

    public void Dispose()
    {
        foreach (Tensor operand in operands)
        {
            operand.Dispose();
        }
    }
}
