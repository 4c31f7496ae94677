using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// One SigLIP block: x₂ = x + o(attention(q, k, v)) of the normed x; y = x₂ + fc2(gelu(fc1)) of the normed x₂; every projection
/// has a bias. Shapes: T patches of all tiles, D width, H heads, I intermediate width.
/// Source: SmolVLMEncoderLayer, transformers models/smolvlm/modeling_smolvlm.py.
/// </summary>
internal sealed class VisionTowerLayer
{
    private readonly Backend backend;
    private readonly VisionConfig config;
    private readonly LayerNormLayer norm1;
    private readonly LayerNormLayer norm2;
    private readonly LinearLayer query;
    private readonly LinearLayer key;
    private readonly LinearLayer value;
    private readonly LinearLayer output;
    private readonly LinearLayer fc1;
    private readonly LinearLayer fc2;

    /// <param name="backend">where the parameters lie</param>
    /// <param name="config">extents</param>
    /// <param name="parameter">finds a parameter by its name within the layer</param>
    public VisionTowerLayer(Backend backend, VisionConfig config, Func<string, Parameter> parameter)
    {
        this.backend = backend;
        this.config = config;
        float epsilon = (float)config.LayerNormEpsilon;
        norm1 = new(backend, parameter("norm1.weight"), parameter("norm1.bias"), epsilon);
        norm2 = new(backend, parameter("norm2.weight"), parameter("norm2.bias"), epsilon);
        query = Projection("attention.q");
        key = Projection("attention.k");
        value = Projection("attention.v");
        output = Projection("attention.o");
        fc1 = Projection("mlp.fc1");
        fc2 = Projection("mlp.fc2");

        LinearLayer Projection(string name) => new(backend, parameter(name + ".weight"), parameter(name + ".bias"));
    }

    /// <summary>The block's output (T, D); x is left as it is.</summary>
    /// <param name="x">(T, D)</param>
    /// <param name="attention">one segment per tile</param>
    /// <param name="keep">whether a <see cref="Backward"/> follows</param>
    /// <param name="kept">what it needs; null without</param>
    public Tensor Forward(Tensor x, AttentionLayout attention, bool keep, out Activations? kept)
    {
        Tensor? mean1 = keep ? norm1.NewStatistic(x) : null;
        Tensor? rstd1 = keep ? norm1.NewStatistic(x) : null;
        Tensor normed = norm1.Forward(x, mean1, rstd1);
        Tensor q = query.Forward(normed);
        Tensor k = key.Forward(normed);
        Tensor v = value.Forward(normed);
        normed.Dispose();

        Tensor attended = backend.Allocate(DType.F32, q.Shape);
        Tensor? logSumExp = keep ? backend.Allocate(x.Shape.Rows, config.HeadCount) : null;
        backend.Attention(attended, logSumExp, q, k, v, attention);
        Tensor middle = output.Forward(attended);
        backend.Add(middle, x);

        Tensor? mean2 = keep ? norm2.NewStatistic(middle) : null;
        Tensor? rstd2 = keep ? norm2.NewStatistic(middle) : null;
        Tensor middleNormed = norm2.Forward(middle, mean2, rstd2);
        Tensor hidden = fc1.Forward(middleNormed);
        middleNormed.Dispose();
        Tensor activated = keep ? backend.Allocate(DType.F32, hidden.Shape) : hidden;
        backend.GeluTanh(activated, hidden);
        Tensor y = fc2.Forward(activated);
        backend.Add(y, middle);
        activated.Dispose();

        kept = null;
        if (keep)
        {
            kept = new(mean1!, rstd1!, q, k, v, attended, logSumExp!, middle, mean2!, rstd2!, hidden);
            return y;
        }

        foreach (Tensor done in (ReadOnlySpan<Tensor>)[q, k, v, attended, middle])
        {
            done.Dispose();
        }

        return y;
    }

    /// <summary>
    /// Turns the gradient of the block's output into that of its input, in place, and adds to trainable parameters' gradients.
    /// Disposes <paramref name="kept"/>.
    /// </summary>
    /// <param name="dx">(T, D) in: dy; out: dx</param>
    /// <param name="x">(T, D) the forward's input</param>
    /// <param name="attention">as in the forward</param>
    /// <param name="kept">what the forward kept</param>
    public void Backward(Tensor dx, Tensor x, AttentionLayout attention, Activations kept)
    {
        // forward: y = middle + fc2(gelu(hidden)), so dMiddle starts as dy and collects the MLP's share
        using (Tensor dHidden = backend.Allocate(DType.F32, kept.Hidden.Shape))
        {
            using (Tensor activated = backend.Allocate(DType.F32, kept.Hidden.Shape))
            {
                backend.GeluTanh(activated, kept.Hidden);
                fc2.Backward(dHidden, dx, activated);
            }

            backend.GeluTanhBackward(dHidden, dHidden, kept.Hidden);
            using Tensor dNormed = backend.Allocate(DType.F32, dx.Shape);
            using Tensor normed = norm2.Forward(kept.Middle, null, null);
            fc1.Backward(dNormed, dHidden, normed);
            norm2.Backward(dx, dNormed, kept.Middle, kept.Mean2, kept.Rstd2, accumulate: true);
        }

        // forward: middle = x + o(attended)
        using Tensor dAttended = backend.Allocate(DType.F32, kept.Attended.Shape);
        output.Backward(dAttended, dx, kept.Attended);
        using Tensor dq = backend.Allocate(DType.F32, kept.Query.Shape);
        using Tensor dk = backend.Allocate(DType.F32, kept.Key.Shape);
        using Tensor dv = backend.Allocate(DType.F32, kept.Value.Shape);
        backend.AttentionBackward(
            dq, dk, dv, dAttended, kept.Attended, kept.LogSumExp, kept.Query, kept.Key, kept.Value, attention);
        using (Tensor dNormed = backend.Allocate(DType.F32, dx.Shape))
        {
            using Tensor normed = norm1.Forward(x, null, null);
            query.Backward(dNormed, dq, normed);
            key.Backward(dNormed, dk, normed, accumulate: true);
            value.Backward(dNormed, dv, normed, accumulate: true);
            norm1.Backward(dx, dNormed, x, kept.Mean1, kept.Rstd1, accumulate: true);
        }

        kept.Dispose();
    }

    /// <summary>What one block keeps for its backward; the input itself is kept by the tower.</summary>
    /// <param name="Mean1">(T)</param>
    /// <param name="Rstd1">(T)</param>
    /// <param name="Query">(T, D)</param>
    /// <param name="Key">(T, D)</param>
    /// <param name="Value">(T, D)</param>
    /// <param name="Attended">(T, D)</param>
    /// <param name="LogSumExp">(T, H)</param>
    /// <param name="Middle">(T, D)</param>
    /// <param name="Mean2">(T)</param>
    /// <param name="Rstd2">(T)</param>
    /// <param name="Hidden">(T, I) before GELU</param>
    internal sealed record Activations(
        Tensor Mean1,
        Tensor Rstd1,
        Tensor Query,
        Tensor Key,
        Tensor Value,
        Tensor Attended,
        Tensor LogSumExp,
        Tensor Middle,
        Tensor Mean2,
        Tensor Rstd2,
        Tensor Hidden) : IDisposable
    {
        public void Dispose()
        {
            foreach (Tensor tensor in (ReadOnlySpan<Tensor>)
                [Mean1, Rstd1, Query, Key, Value, Attended, LogSumExp, Middle, Mean2, Rstd2, Hidden])
            {
                tensor.Dispose();
            }
        }
    }
}
