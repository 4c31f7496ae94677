using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>M rows of x; the amount is the weight's bytes.</summary>
public sealed record FewRowsCase(int Rows, DType DType, int Inputs, int Outputs) : ICase
{
    public double Amount => (double)Inputs * Outputs * DType.Size();

    public override string ToString() => $"{Rows} x {Inputs} x {Outputs} {DType}";
}

/// <summary>Few rows by the head, the largest matrix, so that the weights come from memory: generation.</summary>
public class FewRowsBenchmarks : OperationBenchmarks<FewRowsCase>
{
    private Tensor x = null!, y = null!, weight = null!;

    public static IEnumerable<FewRowsCase> Cases =>
    [
        new(1, DType.BF16, 1024, 151936), new(1, DType.F32, 1024, 151936), new(1, DType.F16, 1024, 151936), new(1, DType.BF16, 3072, 32768),
        .. new[] { 2, 4, 8, 16, 17, 32 }.Select(rows => new FewRowsCase(rows, DType.BF16, 1024, 151936)),
    ];

    [Benchmark, Work(WorkKind.Traffic)]
    public void Forward() => Backend.Linear(y, x, weight, null);

    protected override void Allocate()
    {
        x = Random(DType.F32, Case.Rows, Case.Inputs);
        y = Random(DType.F32, Case.Rows, Case.Outputs);
        weight = Random(Case.DType, Case.Outputs, Case.Inputs);
    }
}
