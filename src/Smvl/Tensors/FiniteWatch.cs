using System.Runtime.CompilerServices;

namespace Smvl.Tensors;

/// <summary>The first tensor with a number that is not finite, and what made it.</summary>
/// <param name="Operation">a method of <see cref="Backend"/></param>
/// <param name="Output">which of its outputs</param>
/// <param name="Parameter">the model's parameter that the operation reads or whose gradient it adds to; null when there is none</param>
/// <param name="LastParameter">the last parameter that any operation had to do with, this one included: where in the model it happened</param>
/// <param name="Shape">of the tensor</param>
/// <param name="NotFinite">numbers of it that are NaN or infinite</param>
internal sealed record BadTensor(string Operation, string Output, string? Parameter, string? LastParameter, Shape Shape, long NotFinite)
{
    public override string ToString() =>
        $"{Output} {Shape} of {Operation}{(Parameter is { } own ? $" with {own}" : LastParameter is { } last ? $" behind {last}" : "")}";
}

/// <summary>
/// Another backend, whose results can be watched: between <see cref="Watch"/> and its end every operation's outputs are looked through
/// for NaN and infinity. That is slow, and meant for a step that went wrong and is computed again; unwatched it costs a call.
/// It does not own the other backend.
/// </summary>
internal sealed class FiniteWatch(Backend inner) : Backend
{
    private readonly Dictionary<(Storage Storage, long Offset), string> names = [];
    private bool watching;
    private string? last;

    /// <summary>What was found; null as long as everything is finite.</summary>
    public BadTensor? First { get; private set; }

    /// <summary>Looks at everything that <paramref name="compute"/> does, until the first bad tensor.</summary>
    /// <param name="parameters">names of weights and gradients</param>
    /// <param name="compute">calls operations</param>
    public void Watch(IEnumerable<(string Name, Tensor Tensor)> parameters, Action compute)
    {
        foreach ((string name, Tensor tensor) in parameters)
        {
            names[(tensor.Storage, tensor.ByteOffset)] = name;
        }

        (First, last, watching) = (null, null, true);
        try
        {
            compute();
        }
        finally
        {
            watching = false;
            names.Clear();
        }
    }

    public override long HeldBytes => inner.HeldBytes;

    public override Tensor Allocate(DType dtype, Shape shape) => inner.Allocate(dtype, shape);

    public override Tensor Allocate(DType dtype, Shape shape, MemoryPurpose purpose) => inner.Allocate(dtype, shape, purpose);

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor destination) => inner.Upload(source, destination);

    public override void Download<T>(Tensor source, Span<T> destination) => inner.Download(source, destination);

    public override Tensor Import(Tensor host) => inner.Import(host);

    public override void SetAside(Tensor tensor) => inner.SetAside(tensor);

    public override void Copy(Tensor destination, Tensor source)
    {
        inner.Copy(destination, source);
        Look(destination, source);
    }

    public override void Fill(Tensor tensor, float value) => inner.Fill(tensor, value);

    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        inner.Linear(y, x, weight, bias);
        Look(y, weight);
    }

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights)
    {
        inner.LinearGroup(ys, x, weights);
        for (int i = 0; i < ys.Length; i++)
        {
            Look(ys[i], weights[i]);
        }
    }

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate)
    {
        inner.LinearBackwardInput(dx, dy, weight, accumulate);
        Look(dx, weight);
    }

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x)
    {
        inner.LinearBackwardParameters(dWeight, dBias, dy, x);
        Look(dWeight, dWeight);
        Look(dBias, dBias);
    }

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        inner.Attention(o, logSumExp, q, k, v, layout);
        Look(o, null);
    }

    public override void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        inner.AttentionBackward(dq, dk, dv, dO, o, logSumExp, q, k, v, layout);
        Look(dq, null);
        Look(dk, null);
        Look(dv, null);
    }

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
        inner.Rope(x, positions, headDim, theta, inverse);
        Look(x, null);
    }

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps)
    {
        inner.RmsNorm(y, rstd, x, weight, eps);
        Look(y, weight);
    }

    public override void RmsNormBackward(Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate)
    {
        inner.RmsNormBackward(dx, dWeight, dy, x, weight, rstd, accumulate);
        Look(dx, weight);
        Look(dWeight, weight);
    }

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps)
    {
        inner.LayerNorm(y, mean, rstd, x, weight, bias, eps);
        Look(y, weight);
    }

    public override void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate)
    {
        inner.LayerNormBackward(dx, dWeight, dBias, dy, x, weight, mean, rstd, accumulate);
        Look(dx, weight);
        Look(dWeight, weight);
        Look(dBias, weight);
    }

    public override void Add(Tensor y, Tensor x)
    {
        inner.Add(y, x);
        Look(y, y);
    }

    public override void Scale(Tensor x, float factor)
    {
        inner.Scale(x, factor);
        Look(x, x);
    }

    public override void Multiply(Tensor y, Tensor x, Tensor factors)
    {
        inner.Multiply(y, x, factors);
        Look(y, factors);
    }

    public override void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x)
    {
        inner.MultiplyBackwardFactors(dFactors, dy, x);
        Look(dFactors, null);
    }

    public override void Lerp(Tensor y, Tensor x, float weight)
    {
        inner.Lerp(y, x, weight);
        Look(y, y);
    }

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key)
    {
        inner.Dropout(y, x, probability, key);
        Look(y, null);
    }

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up)
    {
        inner.SwiGlu(y, gate, up);
        Look(y, null);
    }

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up)
    {
        inner.SwiGluBackward(dGate, dUp, dy, gate, up);
        Look(dGate, null);
        Look(dUp, null);
    }

    public override void GeluTanh(Tensor y, Tensor x)
    {
        inner.GeluTanh(y, x);
        Look(y, null);
    }

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x)
    {
        inner.GeluTanhBackward(dx, dy, x);
        Look(dx, null);
    }

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids)
    {
        inner.Gather(y, table, ids);
        Look(y, table);
    }

    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids)
    {
        inner.GatherBackward(dTable, dy, ids);
        Look(dTable, dTable);
    }

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index)
    {
        inner.GatherColumns(y, x, index);
        Look(y, x);
    }

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index)
    {
        inner.PutRows(x, rows, index);
        Look(x, null);
    }

    public override void CopyRows(Tensor table, int first, Tensor rows)
    {
        inner.CopyRows(table, first, rows);
        Look(table.Slice(first, rows.Shape.Rows), rows);
    }

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids)
    {
        inner.AddGathered(x, table, ids);
        Look(x, table);
    }

    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
        inner.Patches(patches, tiles, patchSize, scale, offset);
        Look(patches, null);
    }

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor)
    {
        inner.PixelShuffle(y, x, gridWidth, gridHeight, factor);
        Look(y, null);
    }

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor)
    {
        inner.PixelShuffleBackward(dx, dy, gridWidth, gridHeight, factor);
        Look(dx, null);
    }

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default)
    {
        inner.CrossEntropy(losses, logits, targets, gradientScale, terms);
        Look(losses, null);
        Look(logits, null);
    }

    public override double SumOfSquares(Tensor x) => inner.SumOfSquares(x);

    public override double SumOfSquares(IEnumerable<Tensor> tensors) => inner.SumOfSquares(tensors);

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step) =>
        inner.AdamW(parameter, gradient, moment1, moment2, step);

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step) =>
        inner.AdamW8Bit(parameter, gradient, moment1, moment2, step);

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step) =>
        inner.Lion(parameter, gradient, moment, step);

    /// <summary>Does nothing: the other backend is disposed by whoever made it.</summary>
    public override void Dispose()
    {
    }

    /// <summary>How many numbers of a tensor are NaN or infinite.</summary>
    public static long CountNotFinite(Backend backend, Tensor tensor) => Values(backend, tensor).LongCount(value => !float.IsFinite(value));

    /// <summary>All numbers of a float tensor.</summary>
    public static float[] Values(Backend backend, Tensor tensor)
    {
        float[] values = new float[tensor.Count];
        if (tensor.DType == DType.F32)
        {
            backend.Download<float>(tensor, values);
            return values;
        }

        using Tensor wide = backend.Allocate(DType.F32, tensor.Shape);
        backend.Copy(wide, tensor);
        backend.Download<float>(wide, values);
        return values;
    }

    private void Look(
        Tensor? output, Tensor? parameter, [CallerMemberName] string operation = "", [CallerArgumentExpression(nameof(output))] string name = "")
    {
        if (!watching || output is null || First is not null)
        {
            return;
        }

        string? own = parameter is null ? null : names.GetValueOrDefault((parameter.Storage, parameter.ByteOffset));
        last = own ?? last;
        if (output.DType == DType.F32 && CountNotFinite(inner, output) is > 0 and long count)
        {
            First = new BadTensor(operation, name, own, last, output.Shape, count);
        }
    }
}
