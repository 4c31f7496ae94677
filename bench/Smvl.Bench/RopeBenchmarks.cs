using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>Rotary embedding of queries and of keys.</summary>
public class RopeBenchmarks : OperationBenchmarks<RowCase>
{
    private const int HeadDim = 128;
    private const float Theta = 1e6f;

    private int[] positions = [];
    private Tensor x = null!;

    public static IEnumerable<RowCase> Cases => [new(1288, 16 * HeadDim), new(1288, 8 * HeadDim)];

    [Benchmark, Work(WorkKind.Traffic, 2)]
    public void Apply() => Backend.Rope(x, positions, HeadDim, Theta, inverse: false);

    protected override void Allocate()
    {
        positions = [.. Enumerable.Range(0, Case.Rows)];
        x = Random(DType.F32, Case.Rows, Case.Width);
    }
}
