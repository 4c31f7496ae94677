using BenchmarkDotNet.Attributes;
using Smvl.Benchmarks;
using Smvl.Tensors;

namespace Smvl.Bench;

/// <summary>One sequence; the amount is one product of all heads over the scores that are seen.</summary>
public sealed record AttentionCase(string Name, int Tokens, int Heads, int KeyValueHeads, int HeadDim, bool Causal) : ICase
{
    public double Amount => new AttentionShape(Name, Tokens, Heads, KeyValueHeads, HeadDim, Causal).ProductOperations;

    public override string ToString() => $"{Name}, {Tokens} tokens, {Heads}/{KeyValueHeads} x {HeadDim}";
}

/// <summary>The tower's full and the decoder's causal attention.</summary>
public class AttentionBenchmarks : OperationBenchmarks<AttentionCase>
{
    private AttentionLayout layout = null!;
    private Tensor q = null!, k = null!, v = null!, o = null!, logSumExp = null!, dq = null!, dk = null!, dv = null!, dO = null!;

    public static IEnumerable<AttentionCase> Cases => ModelShapes.Attention.Select(
        shape => new AttentionCase(shape.Name, shape.Tokens, shape.Heads, shape.KeyValueHeads, shape.HeadDim, shape.Causal));

    [Benchmark, Work(WorkKind.Arithmetic, AttentionShape.ForwardProducts)]
    public void Forward() => Backend.Attention(o, logSumExp, q, k, v, layout);

    [Benchmark, Work(WorkKind.Arithmetic, AttentionShape.BackwardProducts)]
    public void Backward() => Backend.AttentionBackward(dq, dk, dv, dO, o, logSumExp, q, k, v, layout);

    protected override void Allocate()
    {
        layout = new([new(0, Case.Tokens, 0, Case.Tokens)], Case.Heads, Case.KeyValueHeads, Case.HeadDim, Case.Causal);
        (q, o, dq, dO) = (Queries(), Queries(), Queries(), Queries());
        (k, v, dk, dv) = (Keys(), Keys(), Keys(), Keys());
        logSumExp = Random(DType.F32, Case.Tokens, Case.Heads);

        // the backward recomputes the probabilities from the forward's sums
        Forward();

        Tensor Queries() => Random(DType.F32, Case.Tokens, Case.Heads * Case.HeadDim);
        Tensor Keys() => Random(DType.F32, Case.Tokens, Case.KeyValueHeads * Case.HeadDim);
    }
}
