using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>The optimizer's two passes over the connector: the gradient's norm, and the update of parameter and moments.</summary>
public class OptimizerBenchmarks : OperationBenchmarks<RowCase>
{
    private Tensor parameter = null!, gradient = null!, first = null!, second = null!;

    public static IEnumerable<RowCase> Cases => [new(1024, 12288)];

    [Benchmark, Work(WorkKind.Traffic)]
    public double SumOfSquares() => Backend.SumOfSquares(gradient);

    [Benchmark, Work(WorkKind.Traffic, 7)]
    public void AdamW() => Backend.AdamW(parameter, gradient, first, second, new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.01, 1, 1));

    protected override void Allocate()
    {
        (parameter, gradient) = (Random(DType.F32, Case.Rows, Case.Width), Random(DType.F32, Case.Rows, Case.Width));
        (first, second) = (Random(DType.F32, Case.Rows, Case.Width), Random(DType.F32, Case.Rows, Case.Width));

        // a second moment is a mean of squares
        Backend.Fill(second, 0.01f);
    }
}
