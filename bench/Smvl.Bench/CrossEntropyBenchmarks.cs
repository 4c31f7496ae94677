using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>The loss and its gradient, in place, on one chunk of the head's rows.</summary>
public class CrossEntropyBenchmarks : OperationBenchmarks<RowCase>
{
    private int[] targets = [];
    private Tensor logits = null!, losses = null!;

    public static IEnumerable<RowCase> Cases => [new(110, 151936)];

    [Benchmark, Work(WorkKind.Traffic, 2)]
    public void ForwardBackward() => Backend.CrossEntropy(losses, logits, targets, 1f / Case.Rows);

    protected override void Allocate()
    {
        targets = [.. Enumerable.Range(0, Case.Rows)];
        logits = Random(DType.F32, Case.Rows, Case.Width);
        losses = Random(DType.F32, Case.Rows);
    }
}
