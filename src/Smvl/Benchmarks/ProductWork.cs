using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary><c>gemm.*</c>: the matrix products of the preset's shapes, weights in BF16; all operations over all seconds.</summary>
internal static class ProductWork
{
    private static readonly Runs Often = new(WarmUps: 1, AtLeast: 3, AtMost: 40, Queued: 16);

    public static BenchmarkRow Forward(string name, WorkBench bench) => Measure(name, bench, shape =>
    {
        Tensor x = Random(bench, shape.Rows, shape.Inputs), w = Weight(bench, shape), y = Random(bench, shape.Rows, shape.Outputs);
        return new Operation(() => bench.Backend.Linear(y, x, w, null), x, w, y);
    });

    public static BenchmarkRow BackwardInput(string name, WorkBench bench) => Measure(name, bench, shape =>
    {
        Tensor dx = Random(bench, shape.Rows, shape.Inputs), w = Weight(bench, shape), dy = Random(bench, shape.Rows, shape.Outputs);
        return new Operation(() => bench.Backend.LinearBackwardInput(dx, dy, w, accumulate: false), dx, w, dy);
    });

    public static BenchmarkRow BackwardWeight(string name, WorkBench bench) => Measure(name, bench, shape =>
    {
        Tensor dw = Random(bench, shape.Outputs, shape.Inputs), x = Random(bench, shape.Rows, shape.Inputs), dy = Random(bench, shape.Rows, shape.Outputs);
        return new Operation(() => bench.Backend.LinearBackwardParameters(dw, null, dy, x), dw, x, dy);
    });

    private static BenchmarkRow Measure(string name, WorkBench bench, Func<ProductShape, Operation> make)
    {
        OperationSum sum = new();
        foreach (ProductShape shape in bench.Extents.Products)
        {
            using Operation operation = make(shape);
            sum.Add(shape.Operations, bench.Meter.Best(MachineLimit.MultiplyAdds, Often, operation.Run));
        }

        return sum.Row(name);
    }

    private static Tensor Random(WorkBench bench, long rows, long width) => RandomTensors.Allocate(bench.Backend, DType.F32, rows, width);

    private static Tensor Weight(WorkBench bench, ProductShape shape) =>
        RandomTensors.Allocate(bench.Backend, DType.BF16, shape.Outputs, shape.Inputs);
}
