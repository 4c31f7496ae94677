using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>Norms with frozen parameters: the decoder's, the tower's, and those of queries.</summary>
public class NormBenchmarks : OperationBenchmarks<RowCase>
{
    private const float Epsilon = 1e-6f;

    private Tensor x = null!, y = null!, dx = null!, weight = null!, bias = null!, mean = null!, rstd = null!;

    public static IEnumerable<RowCase> Cases => [new(1288, 1024), new(1024, 768), new(1288 * 16, 128)];

    [Benchmark, Work(WorkKind.Traffic, 2)]
    public void RmsForward() => Backend.RmsNorm(y, rstd, x, weight, Epsilon);

    [Benchmark, Work(WorkKind.Traffic, 3)]
    public void RmsBackward() => Backend.RmsNormBackward(dx, null, y, x, weight, rstd, accumulate: false);

    [Benchmark, Work(WorkKind.Traffic, 2)]
    public void LayerForward() => Backend.LayerNorm(y, mean, rstd, x, weight, bias, Epsilon);

    [Benchmark, Work(WorkKind.Traffic, 3)]
    public void LayerBackward() => Backend.LayerNormBackward(dx, null, null, y, x, weight, mean, rstd, accumulate: false);

    protected override void Allocate()
    {
        (x, y, dx) = (Random(DType.F32, Case.Rows, Case.Width), Random(DType.F32, Case.Rows, Case.Width), Random(DType.F32, Case.Rows, Case.Width));
        (weight, bias) = (Random(DType.F32, Case.Width), Random(DType.F32, Case.Width));
        (mean, rstd) = (Random(DType.F32, Case.Rows), Random(DType.F32, Case.Rows));
    }
}
