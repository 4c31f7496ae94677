namespace Smvl.Tensors.Cpu;

/// <summary>
/// The CPU backend: synchronous, on native memory. Each operation lives in a file of its own beside this one, with its backward;
/// here they only meet their threads and their memory.
/// </summary>
public sealed class CpuBackend : Backend
{
    private readonly StoragePool pool = new();
    private readonly PanelMemory panels = new();
    private readonly Rope rope = new();
    private readonly CpuThreads threads;

    /// <param name="threadCount">cores to use; default: <see cref="ThreadCount.Default"/></param>
    public CpuBackend(int? threadCount = null) => threads = new CpuThreads(threadCount ?? Smvl.ThreadCount.Default);

    /// <summary>Cores in use. It never changes a result.</summary>
    public int ThreadCount => threads.Count;

    /// <summary>For measurements of the machine beside operations.</summary>
    internal CpuThreads Threads => threads;

    /// <summary>The most bytes that tensors took at once.</summary>
    internal long MostUsedBytes => pool.MostUsedBytes;

    public override long HeldBytes => pool.ByteLength;

    public override Tensor Allocate(DType dtype, Shape shape) =>
        new(pool.Rent(dtype.Bytes(shape.Count)), 0, dtype, shape, owner: true);

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor destination) => source.CopyTo(destination.Span<T>());

    public override void Download<T>(Tensor source, Span<T> destination) => source.Span<T>().CopyTo(destination);

    public override Tensor Import(Tensor host)
    {
        if (!host.DType.IsQuantized())
        {
            return host;
        }

        // never twice in memory: what has been packed is given back
        var mapped = host.Storage as MappedStorage;
        return PanelStorage.Pack(threads, panels, host, (start, length) => mapped?.SetAside(host.ByteOffset + start, length));
    }

    public override void SetAside(Tensor tensor)
    {
        if (tensor.Storage is MappedStorage mapped)
        {
            mapped.SetAside(tensor.ByteOffset, tensor.ByteLength);
        }
    }

    public override unsafe void Copy(Tensor destination, Tensor source)
    {
        if (destination.Count != source.Count)
        {
            throw new ArgumentException($"{source} copied to {destination}");
        }

        Partition.Elements(threads, source.Count, (start, length) =>
        {
            if (source.DType == destination.DType)
            {
                source.Bytes(start, length).CopyTo(destination.Bytes(start, length));
                return;
            }

            Span<float> run = new(Scratch.Floats(ScratchUse.Own, length), length);
            FloatConversion.ToSingle(source, start, run);
            FloatConversion.FromSingle(run, destination, start);
        });
    }

    public override void Fill(Tensor tensor, float value) => Elementwise.Fill(threads, tensor, value);

    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias) => MatMul.Linear(threads, y, x, weight, bias);

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights) => MatMul.LinearGroup(threads, ys, x, weights);

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate) =>
        MatMul.LinearBackwardInput(threads, dx, dy, weight, accumulate);

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x)
    {
        if (dWeight is not null)
        {
            MatMul.LinearBackwardWeight(threads, dWeight, dy, x);
        }

        if (dBias is not null)
        {
            Elementwise.AddColumnSums(threads, dBias, dy);
        }
    }

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Cpu.Attention.Forward(threads, o, logSumExp, q, k, v, layout);

    public override void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Cpu.Attention.Backward(threads, dq, dk, dv, dO, o, logSumExp, q, k, v, layout);

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse) =>
        rope.Apply(threads, x, positions, headDim, theta, inverse);

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps) =>
        Cpu.RmsNorm.Forward(threads, y, rstd, x, weight, eps);

    public override void RmsNormBackward(
        Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate) =>
        Cpu.RmsNorm.Backward(threads, dx, dWeight, dy, x, weight, rstd, accumulate);

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps) =>
        Cpu.LayerNorm.Forward(threads, y, mean, rstd, x, weight, bias, eps);

    public override void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate) =>
        Cpu.LayerNorm.Backward(threads, dx, dWeight, dBias, dy, x, weight, mean, rstd, accumulate);

    public override void Add(Tensor y, Tensor x) => Elementwise.Add(threads, y, x);

    public override void Multiply(Tensor y, Tensor x, Tensor factors) => Cpu.Multiply.Forward(threads, y, x, factors);

    public override void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x) => Cpu.Multiply.BackwardFactors(threads, dFactors, dy, x);

    public override void Lerp(Tensor y, Tensor x, float weight) => Elementwise.Lerp(threads, y, x, weight);

    public override void Scale(Tensor x, float factor) => Elementwise.Scale(threads, x, factor);

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key) => Cpu.Dropout.Apply(threads, y, x, probability, key);

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up) => Cpu.SwiGlu.Forward(threads, y, gate, up);

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up) =>
        Cpu.SwiGlu.Backward(threads, dGate, dUp, dy, gate, up);

    public override void GeluTanh(Tensor y, Tensor x) => Cpu.GeluTanh.Forward(threads, y, x);

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x) => Cpu.GeluTanh.Backward(threads, dx, dy, x);

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids) => Rows.Gather(threads, y, table, ids);

    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids) =>
        Rows.GatherBackward(threads, dTable, dy, ids);

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index) => Rows.Put(x, rows, index);

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index) => Rows.GatherColumns(y, x, index);

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids) => Rows.AddGathered(threads, x, table, ids);

    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset) =>
        Cpu.Patches.Forward(threads, patches, tiles, patchSize, scale, offset);

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor) =>
        Cpu.PixelShuffle.Copy(threads, y, x, gridWidth, gridHeight, factor, toGrid: false);

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor) =>
        Cpu.PixelShuffle.Copy(threads, dy, dx, gridWidth, gridHeight, factor, toGrid: true);

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default) =>
        Cpu.CrossEntropy.ForwardBackward(threads, losses, logits, targets, gradientScale, terms);

    public override double SumOfSquares(Tensor x) => Elementwise.SumOfSquares(threads, x);

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step) =>
        Cpu.AdamW.Update(threads, parameter, gradient, moment1, moment2, step);

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step) =>
        Cpu.AdamW8Bit.Update(threads, parameter, gradient, moment1, moment2, step);

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step) =>
        Cpu.Lion.Update(threads, parameter, gradient, moment, step);

    public override void Dispose()
    {
        threads.Dispose();
        pool.Dispose();
    }
}
