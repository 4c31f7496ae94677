namespace Smvl.Tensors;

/// <summary>
/// The one door to arithmetic. Layers call these operations on tensors of this backend; data enters through
/// <see cref="Upload{T}"/> and <see cref="Import"/> and leaves through <see cref="Download{T}"/>.
///
/// Contract of every operation: outputs come first, then inputs. Forward overwrites its outputs. Backward takes <c>dX</c> for the
/// gradient of <c>X</c>; gradients of activations are overwritten unless the operation says "+=", gradients of parameters always
/// accumulate (+=), and a null parameter gradient means "frozen: do not compute". Activations, gradients and trainable
/// parameters are F32; frozen matrices may be F32, F16 or BF16, or of a quantized type where no gradient goes through them.
/// Accumulation is F32.
/// Outputs never alias inputs unless an operation says "in place".
///
/// Shapes in comments: T tokens or rows, D width, N outputs, K inputs, H heads, P patches, V vocabulary.
/// </summary>
public abstract class Backend : IDisposable
{
    // ---- memory

    /// <summary>Bytes of this process's memory that it holds for tensors, in use or kept for reuse.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>New memory with undefined contents; disposing the tensor gives it back for reuse.</summary>
    public abstract Tensor Allocate(DType dtype, Shape shape);

    /// <summary>The same, of memory that is for something in particular: a hint for the message when it does not suffice.</summary>
    public virtual Tensor Allocate(DType dtype, Shape shape, MemoryPurpose purpose) => Allocate(dtype, shape);

    /// <summary>New F32 memory with undefined contents.</summary>
    public Tensor Allocate(params ReadOnlySpan<long> dims) => Allocate(DType.F32, new Shape(dims));

    /// <summary>New F32 memory of zeros.</summary>
    public Tensor Zeros(params ReadOnlySpan<long> dims)
    {
        Tensor tensor = Allocate(dims);
        Fill(tensor, 0f);
        return tensor;
    }

    /// <summary>New F32 memory of zeros that is for something in particular.</summary>
    public Tensor Zeros(Shape shape, MemoryPurpose purpose)
    {
        Tensor tensor = Allocate(DType.F32, shape, purpose);
        Fill(tensor, 0f);
        return tensor;
    }

    /// <summary>Host data into a tensor of as many elements.</summary>
    public abstract void Upload<T>(ReadOnlySpan<T> source, Tensor destination)
        where T : unmanaged;

    /// <summary>A tensor's elements into host memory of as many elements.</summary>
    public abstract void Download<T>(Tensor source, Span<T> destination)
        where T : unmanaged;

    /// <summary>
    /// A tensor in host memory (a mapped file) as one of this backend. The CPU returns it as it is, or, of a quantized type, a tensor
    /// that owns its blocks laid out for its kernels, to be multiplied with and gathered from only.
    /// </summary>
    public abstract Tensor Import(Tensor host);

    /// <summary>
    /// A hint: nothing reads the tensor for a while. The CPU gives pages of a mapped file back to the system, which keeps them at
    /// hand while it has room; the values stay.
    /// </summary>
    public abstract void SetAside(Tensor tensor);

    /// <summary>Copies as many elements, converting between F32 and the other types (to a narrower one: round to nearest even; to Q8_0 as GGUF has it).</summary>
    public abstract void Copy(Tensor destination, Tensor source);

    /// <summary>Every element of an F32 tensor to <paramref name="value"/>.</summary>
    public abstract void Fill(Tensor tensor, float value);

    // ---- matrix products

    /// <summary>y (T, N) = x (T, K) · weight (N, K)ᵀ + bias (N).</summary>
    public abstract void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias);

    /// <summary>ys[i] (T, Nᵢ) = x (T, K) · weights[i] (Nᵢ, K)ᵀ: bit for bit what one after the other gives, for layers that read the same x.</summary>
    public abstract void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights);

    /// <summary>dx (T, K) = dy (T, N) · weight (N, K); += with <paramref name="accumulate"/>.</summary>
    public abstract void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate);

    /// <summary>dWeight (N, K) += dyᵀ · x and dBias (N) += column sums of dy.</summary>
    public abstract void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x);

    // ---- attention

    /// <summary>
    /// o (T, H·hd) = softmax(q · kᵀ · scale) · v per segment and head; q (T, H·hd), k and v (Tk, Hkv·hd).
    /// logSumExp (T, H) is what <see cref="AttentionBackward"/> needs; null when there will be none. Of a cache k and v may be F16, or
    /// Q8_0 where heads are whole blocks.
    /// </summary>
    public abstract void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout);

    /// <summary>dq, dk, dv from the gradient of o, recomputing the probabilities from logSumExp; memory linear in tokens. No key is of two segments.</summary>
    public abstract void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout);

    /// <summary>
    /// In place on x (T, H·hd): rotary embedding, halves paired (i, i + hd/2), angle = position · theta^(-2i/hd).
    /// <paramref name="inverse"/> turns the other way: that is the backward.
    /// </summary>
    public abstract void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse);

    // ---- normalisation: a row is the last axis

    /// <summary>y = x · rstd · weight per row, rstd (rows) = 1 / sqrt(mean(x²) + eps). rstd may be null when no backward follows.</summary>
    public abstract void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps);

    /// <summary>dx (+= with <paramref name="accumulate"/>) and dWeight += from dy.</summary>
    public abstract void RmsNormBackward(
        Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate);

    /// <summary>y = (x − mean) · rstd · weight + bias per row. mean and rstd (rows) may be null when no backward follows.</summary>
    public abstract void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps);

    /// <summary>dx (+= with <paramref name="accumulate"/>), dWeight += and dBias += from dy.</summary>
    public abstract void LayerNormBackward(
        Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate);

    // ---- elementwise

    /// <summary>y += x.</summary>
    public abstract void Add(Tensor y, Tensor x);

    /// <summary>x ·= factor.</summary>
    public abstract void Scale(Tensor x, float factor);

    /// <summary>y (T, N) = x · factors, which are those of columns, (N), or of rows, (T, 1). y may be x (in place).</summary>
    public abstract void Multiply(Tensor y, Tensor x, Tensor factors);

    /// <summary>dFactors (N) += column sums of dy · x, both (T, N): the gradient of a <see cref="Multiply"/>'s factors of columns.</summary>
    public abstract void MultiplyBackwardFactors(Tensor dFactors, Tensor dy, Tensor x);

    /// <summary>y += weight · (x − y): from y towards x.</summary>
    public abstract void Lerp(Tensor y, Tensor x, float weight);

    /// <summary>
    /// y = x / (1 − probability), or 0 with that probability, decided per element by the key and its index; y may be x (in place). The
    /// backward is the same with the same key.
    /// </summary>
    public abstract void Dropout(Tensor y, Tensor x, float probability, ulong key);

    /// <summary>y = silu(gate) · up. y may be gate or up (in place).</summary>
    public abstract void SwiGlu(Tensor y, Tensor gate, Tensor up);

    /// <summary>dGate and dUp from dy; dGate may be gate, dUp may be up (in place).</summary>
    public abstract void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up);

    /// <summary>y = 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). y may be x (in place).</summary>
    public abstract void GeluTanh(Tensor y, Tensor x);

    /// <summary>dx from dy and the forward's x; dx may be dy (in place).</summary>
    public abstract void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x);

    // ---- moving rows

    /// <summary>y (T, D) F32 = rows ids[t] of table (V, D), any float type.</summary>
    public abstract void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids);

    /// <summary>dTable rows ids[t] += dy rows t.</summary>
    public abstract void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids);

    /// <summary>Rows <paramref name="first"/> and behind it of table = rows (n, D), converted as <see cref="Copy"/> does: a cache grows so.</summary>
    public virtual void CopyRows(Tensor table, int first, Tensor rows) => Copy(table.Slice(first, rows.Shape.Rows), rows);

    /// <summary>x rows index[i] = rows (n, D) row i.</summary>
    public abstract void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index);

    /// <summary>y (T, n) = columns index[i] of x (T, N).</summary>
    public abstract void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index);

    /// <summary>x row t (T, D) += table (V, D) row ids[t]; the backward to the table is <see cref="GatherBackward"/>.</summary>
    public abstract void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids);

    // ---- pictures

    /// <summary>
    /// patches (tiles·P, 3·p·p) F32 from tiles (tiles, 3, S, S): patch (row, column) of each tile, elements in (channel, y, x)
    /// order, so that the patch convolution is a <see cref="Linear"/> with its weight viewed as (D, 3·p·p). U8 tiles become
    /// value · scale + offset per channel on the way; F32 tiles are copied.
    /// </summary>
    public abstract void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset);

    /// <summary>
    /// y (tiles·P/s², D·s²) from x (tiles·P, D): each s×s block of neighbouring patches becomes one row, in (y, x, D) order.
    /// Source: Idefics3Connector.pixel_shuffle, transformers modeling_smolvlm.py.
    /// </summary>
    public abstract void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor);

    /// <summary>dx from dy: the same permutation backwards.</summary>
    public abstract void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor);

    // ---- loss

    /// <summary>
    /// losses (T) = cross entropy of logits (T, V) against targets; in place logits become gradientScale · (softmax − onehot).
    /// With <paramref name="terms"/> the losses and their gradients are those of its sum.
    /// </summary>
    public abstract void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default);

    // ---- optimizer

    /// <summary>Sum of squares of an F32 tensor, accumulated in double in a fixed order.</summary>
    public abstract double SumOfSquares(Tensor x);

    /// <summary>The sum of what they have one by one, added in order: another backend need not wait for each.</summary>
    public virtual double SumOfSquares(IEnumerable<Tensor> tensors) => tensors.Sum(SumOfSquares);

    /// <summary>
    /// One AdamW update in place: parameter −= lr·weightDecay·parameter, then moments and step with bias correction
    /// (Loshchilov and Hutter 2019; torch.optim.AdamW). gradient is multiplied by gradientScale first (clipping).
    /// </summary>
    public abstract void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step);

    /// <summary>The same over moments of one byte an element, of which the first has a sign and the second has none.</summary>
    public abstract void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step);

    /// <summary>
    /// One Lion update in place: parameter −= lr·weightDecay·parameter, then lr times the sign of β1·moment + (1 − β1)·gradient
    /// (Chen et al. 2023). gradient is multiplied by gradientScale first.
    /// </summary>
    public abstract void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step);

    /// <summary>Frees what is kept for reuse.</summary>
    public abstract void Dispose();
}

/// <summary>Constants of one AdamW update; <paramref name="Step"/> counts from 1.</summary>
public readonly record struct AdamWStep(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, int Step, float GradientScale);

/// <summary>Constants of one Lion update.</summary>
public readonly record struct LionStep(double LearningRate, double Beta1, double Beta2, double WeightDecay, float GradientScale);

/// <summary>A running mean with one byte an element: value = the code's value in a table of 256 · the scale of its block.</summary>
/// <param name="Codes">U8, of the parameter's shape</param>
/// <param name="Scales">(blocks) F32, the largest magnitude of each <see cref="BlockSize"/> elements in a row</param>
/// <param name="Signed">whether the table has negative values</param>
public readonly record struct BlockMoment(Tensor Codes, Tensor Scales, bool Signed)
{
    /// <summary>Elements that share a scale.</summary>
    public const int BlockSize = 256;
}

/// <summary>What a loss has beside the cross entropy; the default is none of it.</summary>
/// <param name="LabelSmoothing">
/// ε: the loss is (1 − ε) · cross entropy + ε · the mean over all tokens of −log p (Szegedy et al. 2016; PyTorch's label_smoothing)
/// </param>
/// <param name="ZLoss">times the square of log Σ exp(logit), which keeps logits small (Chowdhery et al. 2022, PaLM, section 5)</param>
public readonly record struct LossTerms(float LabelSmoothing, float ZLoss);
