using System.Diagnostics;
using Smvl.Inference;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// One Qwen3 block: x₂ = x + o(attention(rope(norm(q)), rope(norm(k)), v)) of the normed x; y = x₂ + down(silu(gate) · up) of the
/// normed x₂. Shapes: T tokens, D width, H·hd query width, G·hd key/value width, I intermediate width.
/// Source: Qwen3DecoderLayer, transformers models/qwen3/modeling_qwen3.py.
/// </summary>
internal sealed class TextDecoderLayer
{
    private readonly Backend backend;
    private readonly TextConfig config;
    private readonly RmsNormLayer inputNorm;
    private readonly RmsNormLayer postAttentionNorm;
    private readonly RmsNormLayer queryNorm;
    private readonly RmsNormLayer keyNorm;
    private readonly LinearLayer query;
    private readonly LinearLayer key;
    private readonly LinearLayer value;
    private readonly LinearLayer output;
    private readonly LinearLayer gate;
    private readonly LinearLayer up;
    private readonly LinearLayer down;

    /// <param name="backend">where the parameters lie</param>
    /// <param name="config">extents</param>
    /// <param name="parameter">finds a parameter by its name within the layer</param>
    public TextDecoderLayer(Backend backend, TextConfig config, Func<string, Parameter> parameter)
    {
        this.backend = backend;
        this.config = config;
        float epsilon = (float)config.RmsNormEpsilon;
        inputNorm = new(backend, parameter("input_norm"), epsilon);
        postAttentionNorm = new(backend, parameter("post_attention_norm"), epsilon);
        queryNorm = new(backend, parameter("attention.q_norm"), epsilon);
        keyNorm = new(backend, parameter("attention.k_norm"), epsilon);
        query = new(backend, parameter("attention.q"));
        key = new(backend, parameter("attention.k"));
        value = new(backend, parameter("attention.v"));
        output = new(backend, parameter("attention.o"));
        gate = new(backend, parameter("mlp.gate"));
        up = new(backend, parameter("mlp.up"));
        down = new(backend, parameter("mlp.down"));
    }

    /// <summary>The block's output (T, D) for the last T rows of x; x is left as it is.</summary>
    /// <param name="x">(T', D), T' = T unless only the last rows' output is wanted: then the others only give keys and values</param>
    /// <param name="positions">(T') rotary positions</param>
    /// <param name="attention">which rows see which; its queries are the T rows</param>
    /// <param name="cache">keys and values of this layer's earlier tokens, to be extended; null in training</param>
    /// <param name="keep">whether a <see cref="Backward"/> follows</param>
    /// <param name="kept">what it needs; null without</param>
    public Tensor Forward(
        Tensor x, ReadOnlySpan<int> positions, AttentionLayout attention, IKeyValueLayer? cache, bool keep, out Activations? kept)
    {
        int rows = attention.QueryCount, first = x.Shape.Rows - rows;
        Debug.Assert(first == 0 || !keep, "a backward needs all rows");
        Tensor? rstd = keep ? inputNorm.NewStatistic(x) : null;
        Tensor normed = inputNorm.Forward(x, rstd);
        Tensor[] projected = first == 0
            ? LinearLayer.Forward(normed, query, key, value)
            : [query.Forward(normed.Slice(first, rows)), .. LinearLayer.Forward(normed, key, value)];
        (Tensor q, Tensor k, Tensor v) = (projected[0], projected[1], projected[2]);
        normed.Dispose();

        Tensor? queryRstd = keep ? queryNorm.NewStatistic(q) : null;
        Tensor? keyRstd = keep ? keyNorm.NewStatistic(k) : null;
        Tensor turnedQ = Turned(queryNorm, q, queryRstd, positions[first..]);
        Tensor turnedK = Turned(keyNorm, k, keyRstd, positions);

        Tensor attended = backend.Allocate(DType.F32, q.Shape);
        Tensor? logSumExp = keep ? backend.Allocate(rows, config.HeadCount) : null;
        if (cache is null)
        {
            backend.Attention(attended, logSumExp, turnedQ, turnedK, v, attention);
        }
        else
        {
            cache.Append(backend, turnedK, v);
            backend.Attention(attended, logSumExp, turnedQ, cache.Keys, cache.Values, attention);
        }

        Tensor middle = output.Forward(attended);
        backend.Add(middle, x.Slice(first, rows));
        turnedQ.Dispose();
        turnedK.Dispose();

        Tensor? middleRstd = keep ? postAttentionNorm.NewStatistic(middle) : null;
        Tensor middleNormed = postAttentionNorm.Forward(middle, middleRstd);
        Tensor[] gateAndUp = LinearLayer.Forward(middleNormed, gate, up);
        (Tensor g, Tensor u) = (gateAndUp[0], gateAndUp[1]);
        middleNormed.Dispose();
        Tensor activated = keep ? backend.Allocate(DType.F32, g.Shape) : g;
        backend.SwiGlu(activated, g, u);
        Tensor y = down.Forward(activated);
        backend.Add(y, middle);
        activated.Dispose();

        kept = null;
        if (keep)
        {
            kept = new(rstd!, q, queryRstd!, k, keyRstd!, v, attended, logSumExp!, middle, middleRstd!, g, u);
            return y;
        }

        foreach (Tensor done in (ReadOnlySpan<Tensor>)[q, k, v, attended, middle, u])
        {
            done.Dispose();
        }

        return y;
    }

    /// <summary>
    /// Turns the gradient of the block's output into that of its input, in place, and adds to trainable parameters' gradients.
    /// What the forward did not keep (normed rows, turned q and k, the product in the MLP) is cheap and computed again.
    /// Disposes <paramref name="kept"/>.
    /// </summary>
    /// <param name="dx">(T, D) in: dy; out: dx</param>
    /// <param name="x">(T, D) the forward's input</param>
    /// <param name="positions">(T)</param>
    /// <param name="attention">as in the forward</param>
    /// <param name="kept">what the forward kept</param>
    public void Backward(Tensor dx, Tensor x, ReadOnlySpan<int> positions, AttentionLayout attention, Activations kept)
    {
        // forward: y = middle + down(silu(g) u), so dMiddle starts as dy and collects the MLP's share
        Tensor dActivated = backend.Allocate(DType.F32, kept.Gate.Shape);
        if (down.Trainable)
        {
            using Tensor activated = backend.Allocate(DType.F32, kept.Gate.Shape);
            backend.SwiGlu(activated, kept.Gate, kept.Up);
            down.Backward(dActivated, dx, activated);
        }
        else
        {
            down.Backward(dActivated, dx, null);
        }

        backend.SwiGluBackward(kept.Gate, kept.Up, dActivated, kept.Gate, kept.Up);
        dActivated.Dispose();
        using (Tensor dNormed = backend.Allocate(DType.F32, dx.Shape))
        {
            using Tensor? normed = gate.Trainable || up.Trainable ? postAttentionNorm.Forward(kept.Middle, null) : null;
            gate.Backward(dNormed, kept.Gate, normed);
            up.Backward(dNormed, kept.Up, normed, accumulate: true);
            postAttentionNorm.Backward(dx, dNormed, kept.Middle, kept.MiddleRstd, accumulate: true);
        }

        // forward: middle = x + o(attended)
        using Tensor dAttended = backend.Allocate(DType.F32, kept.Attended.Shape);
        output.Backward(dAttended, dx, kept.Attended);
        using Tensor dq = backend.Allocate(DType.F32, kept.Query.Shape);
        using Tensor dk = backend.Allocate(DType.F32, kept.Key.Shape);
        using Tensor dv = backend.Allocate(DType.F32, kept.Value.Shape);
        using (Tensor turnedQ = Turned(queryNorm, kept.Query, null, positions))
        using (Tensor turnedK = Turned(keyNorm, kept.Key, null, positions))
        {
            backend.AttentionBackward(dq, dk, dv, dAttended, kept.Attended, kept.LogSumExp, turnedQ, turnedK, kept.Value, attention);
        }

        TurnedBackward(queryNorm, dq, kept.Query, kept.QueryRstd, positions);
        TurnedBackward(keyNorm, dk, kept.Key, kept.KeyRstd, positions);
        using (Tensor dNormed = backend.Allocate(DType.F32, dx.Shape))
        {
            using Tensor? normed = query.Trainable || key.Trainable || value.Trainable ? inputNorm.Forward(x, null) : null;
            query.Backward(dNormed, dq, normed);
            key.Backward(dNormed, dk, normed, accumulate: true);
            value.Backward(dNormed, dv, normed, accumulate: true);
            inputNorm.Backward(dx, dNormed, x, kept.Rstd, accumulate: true);
        }

        kept.Dispose();
    }

    /// <summary>rope(norm(x)) per head.</summary>
    private Tensor Turned(RmsNormLayer norm, Tensor x, Tensor? rstd, ReadOnlySpan<int> positions)
    {
        Tensor y = norm.Forward(x, rstd);
        backend.Rope(y, positions, config.HeadSize, (float)config.RopeTheta, inverse: false);
        return y;
    }

    /// <summary>In place: the gradient of rope(norm(x)) becomes that of x.</summary>
    private void TurnedBackward(RmsNormLayer norm, Tensor dy, Tensor x, Tensor rstd, ReadOnlySpan<int> positions)
    {
        backend.Rope(dy, positions, config.HeadSize, (float)config.RopeTheta, inverse: true);
        using Tensor turnedBack = backend.Allocate(DType.F32, dy.Shape);
        backend.Copy(turnedBack, dy);
        norm.Backward(dy, turnedBack, x, rstd, accumulate: false);
    }

    /// <summary>What one block keeps for its backward; the input itself is kept by the decoder.</summary>
    /// <param name="Rstd">(T)</param>
    /// <param name="Query">(T, H·hd) before norm and rope</param>
    /// <param name="QueryRstd">(T·H)</param>
    /// <param name="Key">(T, G·hd) before norm and rope</param>
    /// <param name="KeyRstd">(T·G)</param>
    /// <param name="Value">(T, G·hd)</param>
    /// <param name="Attended">(T, H·hd)</param>
    /// <param name="LogSumExp">(T, H)</param>
    /// <param name="Middle">(T, D)</param>
    /// <param name="MiddleRstd">(T)</param>
    /// <param name="Gate">(T, I); the backward overwrites it with its gradient</param>
    /// <param name="Up">(T, I); the same</param>
    internal sealed record Activations(
        Tensor Rstd,
        Tensor Query,
        Tensor QueryRstd,
        Tensor Key,
        Tensor KeyRstd,
        Tensor Value,
        Tensor Attended,
        Tensor LogSumExp,
        Tensor Middle,
        Tensor MiddleRstd,
        Tensor Gate,
        Tensor Up) : IDisposable
    {
        public void Dispose()
        {
            foreach (Tensor tensor in (ReadOnlySpan<Tensor>)
                [Rstd, Query, QueryRstd, Key, KeyRstd, Value, Attended, LogSumExp, Middle, MiddleRstd, Gate, Up])
            {
                tensor.Dispose();
            }
        }
    }
}
