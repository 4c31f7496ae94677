using Smvl.Tensors.Cpu;

namespace Smvl.Tensors;

/// <summary>
/// A backend that has no memory and computes nothing: it counts what the CPU's would hold. Tensors are as long as real ones and lie in a
/// pool of the same rules, so that layers, optimizers and everything above them run as they are, and what they hold at once is exact by
/// construction. Weights of a mapped file count as far as they were read. Work is counted by a <see cref="ProfilingBackend"/> around it.
/// Downloads give zeros. One thread at a time calls it.
/// </summary>
/// <param name="threads">cores that the real one would compute on</param>
internal sealed class CountingBackend(int threads) : Backend
{
    /// <summary>What Linux maps around a page of a file that is read for the first time.</summary>
    private const long FaultAround = 64L << 10;

    private readonly long[] used = new long[Enum.GetValues<MemoryPurpose>().Length];
    private readonly SegmentedMemory<CountedBlock> memory = new(StoragePool.BlockSize, size => new CountedBlock(size));
    private long mapped;
    private long sharedScratch;
    private long threadScratch;

    /// <summary>What is allocated from here on is for.</summary>
    public MemoryPurpose Purpose { get; set; }

    /// <summary>When most was held.</summary>
    public MemoryCount Peak { get; private set; }

    /// <summary>What is held now.</summary>
    public MemoryCount Now => new(
        used[(int)MemoryPurpose.Weights] + mapped,
        used[(int)MemoryPurpose.Gradients],
        used[(int)MemoryPurpose.OptimizerState],
        memory.ReachedBytes - used.Sum() + used[(int)MemoryPurpose.Activations],
        sharedScratch + (threads * threadScratch));

    /// <summary>The most that tensors in memory of their own took at once.</summary>
    public long MostUsedBytes => memory.MostUsedBytes;

    public override long HeldBytes => memory.ReachedBytes;

    /// <summary>A tensor of a mapped file, nothing of which was read yet.</summary>
    public static Tensor Map(DType dtype, Shape shape) => new(new CountedMapping(dtype.Bytes(shape.Count)), 0, dtype, shape, owner: false);

    /// <summary>Says what an allocated tensor is for.</summary>
    public void Classify(Tensor tensor, MemoryPurpose purpose)
    {
        var storage = (CountedStorage)tensor.Storage;
        used[(int)storage.Purpose] -= storage.Segment.Size;
        storage.Purpose = purpose;
        used[(int)purpose] += storage.Segment.Size;
    }

    /// <summary>All of a tensor is read, by whom ever.</summary>
    public void Read(Tensor tensor) => Read(tensor, tensor.ByteLength);

    public override Tensor Allocate(DType dtype, Shape shape)
    {
        long length = dtype.Bytes(shape.Count);
        CountedStorage storage = new(length, memory.TryTake(length)!, Released) { Purpose = Purpose };
        used[(int)Purpose] += storage.Segment.Size;
        Look();
        return new Tensor(storage, 0, dtype, shape, owner: true);
    }

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor destination)
    {
    }

    public override void Download<T>(Tensor source, Span<T> destination) => destination.Clear();

    public override Tensor Import(Tensor host) => host;

    public override void SetAside(Tensor tensor)
    {
        if (tensor.Storage is CountedMapping mapping && MemoryPages.GoBack)
        {
            mapped -= mapping.Resident;
            mapping.Resident = 0;
        }
    }

    public override void Copy(Tensor destination, Tensor source) => Read(source);

    public override void Fill(Tensor tensor, float value)
    {
    }

    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias) => Product(x.Shape.Rows, x.Shape.Width, weight);

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights)
    {
        foreach (Tensor weight in weights)
        {
            Product(x.Shape.Rows, x.Shape.Width, weight);
        }
    }

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate) => Product(dy.Shape.Rows, dy.Shape.Width, weight);

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x)
    {
        if (dWeight is not null)
        {
            Product(dy.Shape.Width, dy.Shape.Rows, x);
        }
    }

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Scratch(KernelScratch.AttentionForward(layout), 0);

    public override void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Scratch(0, KernelScratch.AttentionBackwardThread(layout));

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
    }

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps)
    {
    }

    public override void RmsNormBackward(Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate)
    {
    }

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps)
    {
    }

    public override void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate)
    {
    }

    public override void Add(Tensor y, Tensor x)
    {
    }

    public override void Scale(Tensor x, float factor)
    {
    }

    public override void Multiply(Tensor y, Tensor x, Tensor factors)
    {
    }

    public override void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x)
    {
    }

    public override void Lerp(Tensor y, Tensor x, float weight)
    {
    }

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key)
    {
    }

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up)
    {
    }

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up)
    {
    }

    public override void GeluTanh(Tensor y, Tensor x)
    {
    }

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x)
    {
    }

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids)
    {
        if (table.Storage is CountedMapping)
        {
            HashSet<int> rows = [.. ids];
            Read(table, rows.Count * Math.Max(FaultAround, table.ByteLength / table.Shape[0]));
        }
    }

    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids)
    {
    }

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index)
    {
    }

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index)
    {
    }

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids) => Read(table);

    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
    }

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor)
    {
    }

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor)
    {
    }

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default)
    {
    }

    /// <returns>1: a norm by which nothing is clipped to nothing</returns>
    public override double SumOfSquares(Tensor x) => 1;

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step)
    {
    }

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step)
    {
    }

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step)
    {
    }

    public override void Dispose() => memory.FreeAll();

    private void Read(Tensor tensor, long bytes)
    {
        if (tensor.Storage is CountedMapping mapping)
        {
            long more = Math.Min(bytes, mapping.ByteLength - mapping.Resident);
            mapping.Resident += more;
            mapped += more;
            Look();
        }
    }

    /// <param name="rows">of the product</param>
    /// <param name="depth">the summed axis</param>
    /// <param name="right">the other side</param>
    private void Product(long rows, long depth, Tensor right)
    {
        Read(right);
        Scratch(KernelScratch.Slab(rows, depth), KernelScratch.ProductThread);
    }

    // working memory grows to the largest wish and stays
    private void Scratch(long shared, long own)
    {
        (sharedScratch, threadScratch) = (Math.Max(sharedScratch, shared), Math.Max(threadScratch, own));
        Look();
    }

    private void Released(CountedStorage storage)
    {
        used[(int)storage.Purpose] -= storage.Segment.Size;
        memory.Return(storage.Segment);
    }

    private void Look()
    {
        if (memory.ReachedBytes + mapped + sharedScratch + (threads * threadScratch) > Peak.Total)
        {
            Peak = Now;
        }
    }
}
