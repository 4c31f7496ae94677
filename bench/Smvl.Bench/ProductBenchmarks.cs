using BenchmarkDotNet.Attributes;
using Smvl.Benchmarks;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>M rows, K inputs, N outputs.</summary>
public sealed record ProductCase(int Rows, int Inputs, int Outputs) : ICase
{
    public double Amount => 2.0 * Rows * Inputs * Outputs;

    public override string ToString() => $"{Rows} x {Inputs} x {Outputs}";
}

/// <summary>Matrix products of linear layers, weights in BF16.</summary>
public class ProductBenchmarks : OperationBenchmarks<ProductCase>
{
    private Tensor x = null!, y = null!, weight = null!, dWeight = null!;

    public static IEnumerable<ProductCase> Cases =>
        ModelShapes.FewerRows.Concat(ModelShapes.Products).Select(shape => new ProductCase(shape.Rows, shape.Inputs, shape.Outputs));

    [Benchmark, Work(WorkKind.Arithmetic)]
    public void Forward() => Backend.Linear(y, x, weight, null);

    [Benchmark, Work(WorkKind.Arithmetic)]
    public void BackwardInput() => Backend.LinearBackwardInput(x, y, weight, accumulate: false);

    [Benchmark, Work(WorkKind.Arithmetic)]
    public void BackwardWeight() => Backend.LinearBackwardParameters(dWeight, null, y, x);

    protected override void Allocate()
    {
        x = Random(DType.F32, Case.Rows, Case.Inputs);
        y = Random(DType.F32, Case.Rows, Case.Outputs);
        weight = Random(DType.BF16, Case.Outputs, Case.Inputs);
        dWeight = Random(DType.F32, Case.Outputs, Case.Inputs);
    }
}
