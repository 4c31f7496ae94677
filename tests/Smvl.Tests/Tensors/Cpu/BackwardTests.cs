using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Every backward of the backend against finite differences of its forward.</summary>
public sealed class BackwardTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    [Theory, InlineData(3, 5), InlineData(9, 33), InlineData(70, 64)]
    public void RmsNorm(int rows, int width)
    {
        using Tensor x = FiniteDifference.Random(backend, 1, rows, width);
        using Tensor w = FiniteDifference.Random(backend, 2, width);
        using Tensor y = backend.Allocate(rows, width);
        using Tensor rstd = backend.Allocate(rows);
        using Tensor dy = FiniteDifference.Random(backend, 3, rows, width);
        using Tensor dx = backend.Zeros(rows, width);
        using Tensor dw = backend.Zeros(width);
        float[] Forward()
        {
            backend.RmsNorm(y, rstd, x, w, 1e-6f);
            return Floats(y);
        }

        Forward();
        backend.RmsNormBackward(dx, dw, dy, x, w, rstd, accumulate: false);
        FiniteDifference.Check("dx", x, dx, Floats(dy), Forward);
        FiniteDifference.Check("dw", w, dw, Floats(dy), Forward);
        CheckAccumulates(dx, into => backend.RmsNormBackward(into, null, dy, x, w, rstd, accumulate: true));
    }

    [Theory, InlineData(3, 5), InlineData(9, 33), InlineData(70, 64)]
    public void LayerNorm(int rows, int width)
    {
        using Tensor x = FiniteDifference.Random(backend, 1, rows, width);
        using Tensor w = FiniteDifference.Random(backend, 2, width);
        using Tensor b = FiniteDifference.Random(backend, 4, width);
        using Tensor y = backend.Allocate(rows, width);
        using Tensor mean = backend.Allocate(rows);
        using Tensor rstd = backend.Allocate(rows);
        using Tensor dy = FiniteDifference.Random(backend, 3, rows, width);
        using Tensor dx = backend.Zeros(rows, width);
        using Tensor dw = backend.Zeros(width);
        using Tensor db = backend.Zeros(width);
        float[] Forward()
        {
            backend.LayerNorm(y, mean, rstd, x, w, b, 1e-6f);
            return Floats(y);
        }

        Forward();
        backend.LayerNormBackward(dx, dw, db, dy, x, w, mean, rstd, accumulate: false);
        FiniteDifference.Check("dx", x, dx, Floats(dy), Forward);
        FiniteDifference.Check("dw", w, dw, Floats(dy), Forward);
        FiniteDifference.Check("db", b, db, Floats(dy), Forward);
        CheckAccumulates(dx, into => backend.LayerNormBackward(into, null, null, dy, x, w, mean, rstd, accumulate: true));
    }

    [Theory, InlineData(1, 7, 5), InlineData(17, 33, 9), InlineData(40, 64, 48)]
    public void Linear(int rows, int inputs, int outputs)
    {
        using Tensor x = FiniteDifference.Random(backend, 1, rows, inputs);
        using Tensor w = FiniteDifference.Random(backend, 2, outputs, inputs);
        using Tensor b = FiniteDifference.Random(backend, 4, outputs);
        using Tensor y = backend.Allocate(rows, outputs);
        using Tensor dy = FiniteDifference.Random(backend, 3, rows, outputs);
        using Tensor dx = backend.Zeros(rows, inputs);
        using Tensor dw = backend.Zeros(outputs, inputs);
        using Tensor db = backend.Zeros(outputs);
        float[] Forward()
        {
            backend.Linear(y, x, w, b);
            return Floats(y);
        }

        backend.LinearBackwardInput(dx, dy, w, accumulate: false);
        backend.LinearBackwardParameters(dw, db, dy, x);
        FiniteDifference.Check("dx", x, dx, Floats(dy), Forward);
        FiniteDifference.Check("dw", w, dw, Floats(dy), Forward);
        FiniteDifference.Check("db", b, db, Floats(dy), Forward);
        CheckAccumulates(dx, into => backend.LinearBackwardInput(into, dy, w, accumulate: true));
        CheckAccumulates(dw, into => backend.LinearBackwardParameters(into, null, dy, x));
        CheckAccumulates(db, into => backend.LinearBackwardParameters(null, into, dy, x));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Attention(bool causal)
    {
        const int Rows = 11;
        const int HeadDim = 4;
        AttentionLayout layout = new([new(0, 6, 0, 6), new(6, 5, 6, 5)], Heads: 4, KeyValueHeads: causal ? 2 : 4, HeadDim, causal);
        using Tensor q = FiniteDifference.Random(backend, 1, Rows, layout.Heads * HeadDim);
        using Tensor k = FiniteDifference.Random(backend, 2, Rows, layout.KeyValueHeads * HeadDim);
        using Tensor v = FiniteDifference.Random(backend, 3, Rows, layout.KeyValueHeads * HeadDim);
        using Tensor o = backend.Allocate(DType.F32, q.Shape);
        using Tensor logSumExp = backend.Allocate(Rows, layout.Heads);
        using Tensor dO = FiniteDifference.Random(backend, 4, Rows, layout.Heads * HeadDim);
        using Tensor dq = backend.Allocate(DType.F32, q.Shape);
        using Tensor dk = backend.Allocate(DType.F32, k.Shape);
        using Tensor dv = backend.Allocate(DType.F32, v.Shape);
        float[] Forward()
        {
            backend.Attention(o, logSumExp, q, k, v, layout);
            return Floats(o);
        }

        Forward();
        backend.AttentionBackward(dq, dk, dv, dO, o, logSumExp, q, k, v, layout);
        FiniteDifference.Check("dq", q, dq, Floats(dO), Forward);
        FiniteDifference.Check("dk", k, dk, Floats(dO), Forward);
        FiniteDifference.Check("dv", v, dv, Floats(dO), Forward);
    }

    [Fact]
    public void Rope()
    {
        int[] positions = [0, 1, 2, 7, 100];
        using Tensor x = FiniteDifference.Random(backend, 1, positions.Length, 24);
        using Tensor y = backend.Allocate(DType.F32, x.Shape);
        using Tensor dx = FiniteDifference.Random(backend, 2, positions.Length, 24);
        float[] dy = Floats(dx);
        float[] Forward()
        {
            backend.Copy(y, x);
            backend.Rope(y, positions, headDim: 8, theta: 10000f, inverse: false);
            return Floats(y);
        }

        backend.Rope(dx, positions, headDim: 8, theta: 10000f, inverse: true);
        FiniteDifference.Check("dx", x, dx, dy, Forward);
    }

    [Theory, InlineData(1, 7), InlineData(9, 33), InlineData(70, 65)]
    public void Multiply(int rows, int width)
    {
        using Tensor x = FiniteDifference.Random(backend, 1, rows, width);
        using Tensor ofColumns = FiniteDifference.Random(backend, 2, width);
        using Tensor ofRows = FiniteDifference.Random(backend, 4, rows, 1);
        using Tensor y = backend.Allocate(rows, width);
        using Tensor dy = FiniteDifference.Random(backend, 3, rows, width);
        using Tensor dx = backend.Allocate(rows, width);
        using Tensor dFactors = backend.Zeros(width);
        float[] Forward(Tensor factors)
        {
            backend.Multiply(y, x, factors);
            return Floats(y);
        }

        backend.MultiplyBackwardFactors(dFactors, dy, x);
        FiniteDifference.Check("dFactors", ofColumns, dFactors, Floats(dy), () => Forward(ofColumns));
        CheckAccumulates(dFactors, into => backend.MultiplyBackwardFactors(into, dy, x));
        foreach (Tensor factors in (Tensor[])[ofColumns, ofRows])
        {
            backend.Multiply(dx, dy, factors);
            FiniteDifference.Check("dx", x, dx, Floats(dy), () => Forward(factors));
        }

        // in place gives the same
        float[] apart = Forward(ofRows);
        backend.Multiply(x, x, ofRows);
        Assert.Equal(apart, Floats(x));
    }

    [Theory, InlineData(1), InlineData(31), InlineData(2100)]
    public void SwiGlu(int count)
    {
        using Tensor gate = FiniteDifference.Random(backend, 1, count);
        using Tensor up = FiniteDifference.Random(backend, 2, count);
        using Tensor y = backend.Allocate(count);
        using Tensor dy = FiniteDifference.Random(backend, 3, count);
        using Tensor dGate = backend.Allocate(count);
        using Tensor dUp = backend.Allocate(count);
        float[] Forward()
        {
            backend.SwiGlu(y, gate, up);
            return Floats(y);
        }

        backend.SwiGluBackward(dGate, dUp, dy, gate, up);
        FiniteDifference.Check("dGate", gate, dGate, Floats(dy), Forward);
        FiniteDifference.Check("dUp", up, dUp, Floats(dy), Forward);

        // in place gives the same
        backend.SwiGluBackward(gate, up, dy, gate, up);
        Assert.Equal(Floats(dGate), Floats(gate));
        Assert.Equal(Floats(dUp), Floats(up));
    }

    [Theory, InlineData(1), InlineData(31), InlineData(2100)]
    public void GeluTanh(int count)
    {
        using Tensor x = FiniteDifference.Random(backend, 1, count);
        using Tensor y = backend.Allocate(count);
        using Tensor dy = FiniteDifference.Random(backend, 3, count);
        using Tensor dx = backend.Allocate(count);
        float[] Forward()
        {
            backend.GeluTanh(y, x);
            return Floats(y);
        }

        backend.GeluTanhBackward(dx, dy, x);
        FiniteDifference.Check("dx", x, dx, Floats(dy), Forward);
        backend.GeluTanhBackward(dy, dy, x);
        Assert.Equal(Floats(dx), Floats(dy));
    }

    [Fact]
    public void GatherAndAddGathered()
    {
        int[] ids = [3, 0, 3, 1, 4, 3];
        using Tensor table = FiniteDifference.Random(backend, 1, 5, 70);
        using Tensor dy = FiniteDifference.Random(backend, 2, ids.Length, 70);
        using Tensor dTable = backend.Zeros(5, 70);
        using Tensor y = backend.Allocate(DType.F32, dy.Shape);
        backend.GatherBackward(dTable, dy, ids);
        FiniteDifference.Check("gather", table, dTable, Floats(dy), () =>
        {
            backend.Gather(y, table, ids);
            return Floats(y);
        });
        FiniteDifference.Check("add gathered", table, dTable, Floats(dy), () =>
        {
            backend.Fill(y, 1f);
            backend.AddGathered(y, table, ids);
            return Floats(y);
        });
    }

    [Fact]
    public void PixelShuffle()
    {
        using Tensor x = FiniteDifference.Random(backend, 1, 2 * 4 * 6, 3);
        using Tensor y = backend.Allocate(2 * 2 * 3, 12);
        using Tensor dy = FiniteDifference.Random(backend, 2, 2 * 2 * 3, 12);
        using Tensor dx = backend.Allocate(DType.F32, x.Shape);
        backend.PixelShuffleBackward(dx, dy, gridWidth: 6, gridHeight: 4, factor: 2);
        FiniteDifference.Check("dx", x, dx, Floats(dy), () =>
        {
            backend.PixelShuffle(y, x, gridWidth: 6, gridHeight: 4, factor: 2);
            return Floats(y);
        });
    }

    [Fact]
    public void CrossEntropy()
    {
        int[] targets = [2, 0, 6];
        using Tensor logits = FiniteDifference.Random(backend, 1, 3, 7);
        using Tensor gradient = backend.Allocate(DType.F32, logits.Shape);
        using Tensor losses = backend.Allocate(3);
        backend.Copy(gradient, logits);
        backend.CrossEntropy(losses, gradient, targets, gradientScale: 0.5f);
        using Tensor scratch = backend.Allocate(DType.F32, logits.Shape);
        FiniteDifference.Check("dLogits", logits, gradient, [0.5f, 0.5f, 0.5f], () =>
        {
            backend.Copy(scratch, logits);
            backend.CrossEntropy(losses, scratch, targets, gradientScale: 1f);
            return Floats(losses);
        });
    }

    private static float[] Floats(Tensor tensor) => tensor.Span<float>().ToArray();

    /// <summary>The += form on ones gives one more than the overwriting form on the same inputs.</summary>
    private void CheckAccumulates(Tensor expected, Action<Tensor> addTo)
    {
        using Tensor sum = backend.Allocate(DType.F32, expected.Shape);
        backend.Fill(sum, 1f);
        addTo(sum);
        Approx.Equal([.. Floats(expected).Select(e => e + 1f)], sum.Span<float>(), "accumulated", 1e-5, 1e-5);
    }
}
