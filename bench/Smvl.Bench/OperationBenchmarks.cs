using BenchmarkDotNet.Attributes;
using Smvl.Benchmarks;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Bench;

/// <summary>Benchmarks of one family of operations over its cases, with the limits measured before and behind each.</summary>
public abstract class OperationBenchmarks<TCase>
    where TCase : class, ICase
{
    private readonly List<Tensor> operands = [];
    private MachineLimits? limits;

    /// <summary>What the operations work on.</summary>
    [ParamsSource("Cases")]
    public TCase Case { get; set; } = null!;

    protected CpuBackend Backend { get; } = new();

    [GlobalSetup]
    public void Prepare()
    {
        limits = new MachineLimits(Backend.Threads);
        Allocate();
        LimitRecord.Measure(Declared(), Case, limits);
    }

    [GlobalCleanup]
    public void Finish()
    {
        LimitRecord.Measure(Declared(), Case, limits!);
        limits!.Dispose();
        operands.ForEach(operand => operand.Dispose());
        operands.Clear();
    }

    /// <summary>Makes the operands.</summary>
    protected abstract void Allocate();

    /// <summary>Small values, disposed behind the case.</summary>
    protected Tensor Random(DType dtype, params ReadOnlySpan<long> dims)
    {
        operands.Add(RandomTensors.Allocate(Backend, dtype, dims));
        return operands[^1];
    }

    /// <summary>The class in the source: BenchmarkDotNet runs one that it derives from it.</summary>
    private Type Declared()
    {
        Type type = GetType();
        while (type.BaseType is { IsAbstract: false } parent)
        {
            type = parent;
        }

        return type;
    }
}
