using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary><c>attention.*</c>: forward and backward of the preset's shapes of one kind; all operations over all seconds.</summary>
internal static class AttentionWork
{
    private static readonly Runs Often = new(WarmUps: 1, AtLeast: 3, AtMost: 40, Queued: 16);

    public static BenchmarkRow Causal(string name, WorkBench bench) => Measure(name, bench, causal: true);

    public static BenchmarkRow Full(string name, WorkBench bench) => Measure(name, bench, causal: false);

    private static BenchmarkRow Measure(string name, WorkBench bench, bool causal)
    {
        OperationSum sum = new();
        foreach (AttentionShape shape in bench.Extents.Attention.Where(shape => shape.Causal == causal))
        {
            AttentionLayout layout = new([new(0, shape.Tokens, 0, shape.Tokens)], shape.Heads, shape.KeyValueHeads, shape.HeadDim, causal);
            int queries = shape.Heads * shape.HeadDim, keys = shape.KeyValueHeads * shape.HeadDim;
            using Tensor q = Random(queries), k = Random(keys), v = Random(keys), o = Random(queries), logSumExp = Random(shape.Heads);
            using Tensor dO = Random(queries), dq = Random(queries), dk = Random(keys), dv = Random(keys);
            sum.Add(
                AttentionShape.ForwardProducts * shape.ProductOperations,
                bench.Meter.Best(MachineLimit.MultiplyAdds, Often, () => bench.Backend.Attention(o, logSumExp, q, k, v, layout)));
            sum.Add(
                AttentionShape.BackwardProducts * shape.ProductOperations,
                bench.Meter.Best(MachineLimit.MultiplyAdds, Often, () => bench.Backend.AttentionBackward(dq, dk, dv, dO, o, logSumExp, q, k, v, layout)));

            Tensor Random(int width) => RandomTensors.Allocate(bench.Backend, DType.F32, shape.Tokens, width);
        }

        return sum.Row(name);
    }
}
