using System.Diagnostics;

namespace Smvl.Tensors;

/// <summary>Calls of one kind of operation, the time they took, and their work in the kind's <see cref="WorkUnit"/>.</summary>
/// <param name="Calls">how many</param>
/// <param name="Ticks">of <see cref="Stopwatch"/>: a TimeSpan is too coarse for the shortest calls</param>
/// <param name="Work">of all calls</param>
public readonly record struct OperationTally(long Calls, long Ticks, long Work)
{
    public double Seconds => Ticks / (double)Stopwatch.Frequency;

    public static OperationTally operator +(OperationTally a, OperationTally b) => new(a.Calls + b.Calls, a.Ticks + b.Ticks, a.Work + b.Work);
}

/// <summary>
/// Another backend with a stopwatch around every operation. The time around a call is the operation's own only where the other backend
/// is synchronous, as the CPU's is. One thread at a time calls it. Results are those of the other backend, which it does not own.
///
/// Work is counted from the shapes. Of a product only the multiplications and additions of the matrices count, not a bias;
/// of attention only the pairs of query and key that see each other: two products forward, five backward (the scores are computed again).
/// Everything else counts the bytes of its tensors, twice where it reads and writes one; a few vectors of parameters are left out.
/// </summary>
public sealed class ProfilingBackend(Backend inner) : Backend
{
    /// <summary>Up to so many rows a product counts as <see cref="OperationKind.LinearForwardFewRows"/>.</summary>
    public const int FewRows = 8;

    private static readonly int Kinds = Enum.GetValues<OperationKind>().Length;

    private OperationTally[] tallies = new OperationTally[Kinds];

    /// <summary>What was done since the last call, by kind; counting starts again.</summary>
    public IReadOnlyDictionary<OperationKind, OperationTally> Take()
    {
        OperationTally[] taken = tallies;
        tallies = new OperationTally[Kinds];
        return Enum.GetValues<OperationKind>().Where(kind => taken[(int)kind].Calls > 0).ToDictionary(kind => kind, kind => taken[(int)kind]);
    }

    public override long HeldBytes => inner.HeldBytes;

    public override Tensor Allocate(DType dtype, Shape shape) => Allocate(dtype, shape, MemoryPurpose.Activations);

    public override Tensor Allocate(DType dtype, Shape shape, MemoryPurpose purpose)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor tensor = inner.Allocate(dtype, shape, purpose);
        Count(OperationKind.Allocation, start, 0);
        return tensor;
    }

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Upload(source, destination);
        Count(OperationKind.Copy, start, 2 * destination.ByteLength);
    }

    public override void Download<T>(Tensor source, Span<T> destination)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Download(source, destination);
        Count(OperationKind.Copy, start, 2 * source.ByteLength);
    }

    public override Tensor Import(Tensor host)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor tensor = inner.Import(host);
        Count(OperationKind.Copy, start, ReferenceEquals(tensor, host) ? 0 : 2 * host.ByteLength);
        return tensor;
    }

    public override void SetAside(Tensor tensor)
    {
        long start = Stopwatch.GetTimestamp();
        inner.SetAside(tensor);
        Count(OperationKind.Allocation, start, 0);
    }

    public override void Copy(Tensor destination, Tensor source)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Copy(destination, source);
        Count(OperationKind.Copy, start, Bytes(destination, source));
    }

    public override void Fill(Tensor tensor, float value)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Fill(tensor, value);
        Count(OperationKind.Elementwise, start, tensor.ByteLength);
    }

    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Linear(y, x, weight, bias);
        Count(LinearForward(x), start, 2L * x.Shape.Rows * weight.Count);
    }

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearGroup(ys, x, weights);
        long elements = 0;
        foreach (Tensor weight in weights)
        {
            elements += weight.Count;
        }

        Count(LinearForward(x), start, 2L * x.Shape.Rows * elements);
    }

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearBackwardInput(dx, dy, weight, accumulate);
        Count(OperationKind.LinearBackwardInput, start, 2L * dy.Shape.Rows * weight.Count);
    }

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearBackwardParameters(dWeight, dBias, dy, x);
        Count(OperationKind.LinearBackwardParameters, start, 2L * dy.Shape.Rows * (dWeight?.Count ?? 0));
    }

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Attention(o, logSumExp, q, k, v, layout);
        Count(OperationKind.AttentionForward, start, 2 * PairProduct(layout));
    }

    public override void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AttentionBackward(dq, dk, dv, dO, o, logSumExp, q, k, v, layout);
        Count(OperationKind.AttentionBackward, start, 5 * PairProduct(layout));
    }

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Rope(x, positions, headDim, theta, inverse);
        Count(OperationKind.Rope, start, Bytes(x, x));
    }

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps)
    {
        long start = Stopwatch.GetTimestamp();
        inner.RmsNorm(y, rstd, x, weight, eps);
        Count(OperationKind.NormForward, start, Bytes(y, x));
    }

    public override void RmsNormBackward(
        Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        inner.RmsNormBackward(dx, dWeight, dy, x, weight, rstd, accumulate);
        Count(OperationKind.NormBackward, start, Bytes(dx, dy, x) + (accumulate ? dx.ByteLength : 0));
    }

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LayerNorm(y, mean, rstd, x, weight, bias, eps);
        Count(OperationKind.NormForward, start, Bytes(y, x));
    }

    public override void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LayerNormBackward(dx, dWeight, dBias, dy, x, weight, mean, rstd, accumulate);
        Count(OperationKind.NormBackward, start, Bytes(dx, dy, x) + (accumulate ? dx.ByteLength : 0));
    }

    public override void Add(Tensor y, Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Add(y, x);
        Count(OperationKind.Elementwise, start, Bytes(y, y, x));
    }

    public override void Scale(Tensor x, float factor)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Scale(x, factor);
        Count(OperationKind.Elementwise, start, Bytes(x, x));
    }

    public override void Multiply(Tensor y, Tensor x, Tensor factors)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Multiply(y, x, factors);
        Count(OperationKind.Elementwise, start, Bytes(y, x, factors));
    }

    public override void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        inner.MultiplyBackwardFactors(dFactors, dy, x);
        Count(OperationKind.Elementwise, start, Bytes(dFactors, dFactors, dy, x));
    }

    public override void Lerp(Tensor y, Tensor x, float weight)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Lerp(y, x, weight);
        Count(OperationKind.Elementwise, start, Bytes(y, y, x));
    }

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Dropout(y, x, probability, key);
        Count(OperationKind.Elementwise, start, Bytes(y, x));
    }

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up)
    {
        long start = Stopwatch.GetTimestamp();
        inner.SwiGlu(y, gate, up);
        Count(OperationKind.ActivationForward, start, Bytes(y, gate, up));
    }

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up)
    {
        long start = Stopwatch.GetTimestamp();
        inner.SwiGluBackward(dGate, dUp, dy, gate, up);
        Count(OperationKind.ActivationBackward, start, Bytes(dGate, dUp, dy, gate, up));
    }

    public override void GeluTanh(Tensor y, Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        inner.GeluTanh(y, x);
        Count(OperationKind.ActivationForward, start, Bytes(y, x));
    }

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        inner.GeluTanhBackward(dx, dy, x);
        Count(OperationKind.ActivationBackward, start, Bytes(dx, dy, x));
    }

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Gather(y, table, ids);
        Count(OperationKind.Gather, start, y.ByteLength + table.DType.Bytes(y.Count));
    }

    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids)
    {
        long start = Stopwatch.GetTimestamp();
        inner.GatherBackward(dTable, dy, ids);
        Count(OperationKind.Gather, start, 3 * dy.ByteLength);
    }

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index)
    {
        long start = Stopwatch.GetTimestamp();
        inner.PutRows(x, rows, index);
        Count(OperationKind.Gather, start, 2 * rows.ByteLength);
    }

    public override void CopyRows(Tensor table, int first, Tensor rows)
    {
        long start = Stopwatch.GetTimestamp();
        inner.CopyRows(table, first, rows);
        Count(OperationKind.Copy, start, Bytes(table.Slice(first, rows.Shape.Rows), rows));
    }

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index)
    {
        long start = Stopwatch.GetTimestamp();
        inner.GatherColumns(y, x, index);
        Count(OperationKind.Gather, start, 2 * y.ByteLength);
    }

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AddGathered(x, table, ids);
        Count(OperationKind.Gather, start, Bytes(x, x) + table.DType.Bytes(x.Count));
    }

    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Patches(patches, tiles, patchSize, scale, offset);
        Count(OperationKind.Picture, start, Bytes(patches, tiles));
    }

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor)
    {
        long start = Stopwatch.GetTimestamp();
        inner.PixelShuffle(y, x, gridWidth, gridHeight, factor);
        Count(OperationKind.Picture, start, Bytes(y, x));
    }

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor)
    {
        long start = Stopwatch.GetTimestamp();
        inner.PixelShuffleBackward(dx, dy, gridWidth, gridHeight, factor);
        Count(OperationKind.Picture, start, Bytes(dx, dy));
    }

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default)
    {
        long start = Stopwatch.GetTimestamp();
        inner.CrossEntropy(losses, logits, targets, gradientScale, terms);
        Count(OperationKind.Loss, start, Bytes(losses, logits, logits));
    }

    public override double SumOfSquares(Tensor x)
    {
        long start = Stopwatch.GetTimestamp();
        double sum = inner.SumOfSquares(x);
        Count(OperationKind.Optimizer, start, x.ByteLength);
        return sum;
    }

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AdamW(parameter, gradient, moment1, moment2, step);
        Count(OperationKind.Optimizer, start, gradient.ByteLength + (2 * Bytes(parameter, moment1, moment2)));
    }

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AdamW8Bit(parameter, gradient, moment1, moment2, step);
        Count(OperationKind.Optimizer, start, gradient.ByteLength + (2 * Bytes(parameter, moment1.Codes, moment1.Scales, moment2.Codes, moment2.Scales)));
    }

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Lion(parameter, gradient, moment, step);
        Count(OperationKind.Optimizer, start, gradient.ByteLength + (2 * Bytes(parameter, moment)));
    }

    /// <summary>Does nothing: the other backend is disposed by whoever made it.</summary>
    public override void Dispose()
    {
    }

    private static OperationKind LinearForward(Tensor x) =>
        x.Shape.Rows <= FewRows ? OperationKind.LinearForwardFewRows : OperationKind.LinearForward;

    /// <summary>Floating-point operations of one product over all pairs of query and key: 2 · pairs · heads · hd.</summary>
    private static long PairProduct(AttentionLayout layout)
    {
        long pairs = 0;
        foreach (AttentionSegment segment in layout.Segments)
        {
            long queries = segment.QueryLength, keys = segment.KeyLength;
            pairs += layout.Causal ? (queries * (keys - queries)) + (queries * (queries + 1) / 2) : queries * keys;
        }

        return 2 * pairs * layout.Heads * layout.HeadDim;
    }

    private static long Bytes(params ReadOnlySpan<Tensor> tensors)
    {
        long bytes = 0;
        foreach (Tensor tensor in tensors)
        {
            bytes += tensor.ByteLength;
        }

        return bytes;
    }

    private void Count(OperationKind kind, long start, long work) =>
        tallies[(int)kind] += new OperationTally(1, Stopwatch.GetTimestamp() - start, work);
}
