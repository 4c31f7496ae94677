using BenchmarkDotNet.Attributes;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>The decoder's and the tower's activations at their inner width.</summary>
public class ActivationBenchmarks : OperationBenchmarks<RowCase>
{
    private Tensor a = null!, b = null!, c = null!, d = null!, e = null!;

    public static IEnumerable<RowCase> Cases => [new(1288, 3072), new(1024, 3072)];

    [Benchmark, Work(WorkKind.Traffic, 3)]
    public void SwiGluForward() => Backend.SwiGlu(c, a, b);

    [Benchmark, Work(WorkKind.Traffic, 5)]
    public void SwiGluBackward() => Backend.SwiGluBackward(d, e, c, a, b);

    [Benchmark, Work(WorkKind.Traffic, 2)]
    public void GeluForward() => Backend.GeluTanh(c, a);

    [Benchmark, Work(WorkKind.Traffic, 3)]
    public void GeluBackward() => Backend.GeluTanhBackward(d, c, a);

    [Benchmark, Work(WorkKind.Traffic, 3)]
    public void Add() => Backend.Add(e, a);

    protected override void Allocate() => (a, b, c, d, e) = (Rows(), Rows(), Rows(), Rows(), Rows());

    private Tensor Rows() => Random(DType.F32, Case.Rows, Case.Width);
}
