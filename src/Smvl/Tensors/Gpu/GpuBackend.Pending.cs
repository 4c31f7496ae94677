namespace Smvl.Tensors.Gpu;

/// <summary>The operations that this backend does not have yet.</summary>
public sealed partial class GpuBackend
{
    public override void Linear(Tensor y, Tensor x, Tensor weight, Tensor? bias) => throw new NotSupportedException(nameof(Linear));

    public override void LinearGroup(ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights) => throw new NotSupportedException(nameof(LinearGroup));

    public override void LinearBackwardInput(Tensor dx, Tensor dy, Tensor weight, bool accumulate) => throw new NotSupportedException(nameof(LinearBackwardInput));

    public override void LinearBackwardParameters(Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x) => throw new NotSupportedException(nameof(LinearBackwardParameters));

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) => throw new NotSupportedException(nameof(Attention));

    public override void AttentionBackward( Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) => throw new NotSupportedException(nameof(AttentionBackward));

    public override void Rope(Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse) => throw new NotSupportedException(nameof(Rope));

    public override void RmsNorm(Tensor y, Tensor? rstd, Tensor x, Tensor weight, float eps) => throw new NotSupportedException(nameof(RmsNorm));

    public override void RmsNormBackward( Tensor dx, Tensor? dWeight, Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool accumulate) => throw new NotSupportedException(nameof(RmsNormBackward));

    public override void LayerNorm(Tensor y, Tensor? mean, Tensor? rstd, Tensor x, Tensor weight, Tensor bias, float eps) => throw new NotSupportedException(nameof(LayerNorm));

    public override void LayerNormBackward( Tensor dx, Tensor? dWeight, Tensor? dBias, Tensor dy, Tensor x, Tensor weight, Tensor mean, Tensor rstd, bool accumulate) => throw new NotSupportedException(nameof(LayerNormBackward));

    public override void Add(Tensor y, Tensor x) => throw new NotSupportedException(nameof(Add));

    public override void Scale(Tensor x, float factor) => throw new NotSupportedException(nameof(Scale));

    public override void Lerp(Tensor y, Tensor x, float weight) => throw new NotSupportedException(nameof(Lerp));

    public override void Dropout(Tensor y, Tensor x, float probability, ulong key) => throw new NotSupportedException(nameof(Dropout));

    public override void SwiGlu(Tensor y, Tensor gate, Tensor up) => throw new NotSupportedException(nameof(SwiGlu));

    public override void SwiGluBackward(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up) => throw new NotSupportedException(nameof(SwiGluBackward));

    public override void GeluTanh(Tensor y, Tensor x) => throw new NotSupportedException(nameof(GeluTanh));

    public override void GeluTanhBackward(Tensor dx, Tensor dy, Tensor x) => throw new NotSupportedException(nameof(GeluTanhBackward));

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids) => throw new NotSupportedException(nameof(Gather));

    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids) => throw new NotSupportedException(nameof(GatherBackward));

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index) => throw new NotSupportedException(nameof(PutRows));

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index) => throw new NotSupportedException(nameof(GatherColumns));

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids) => throw new NotSupportedException(nameof(AddGathered));

    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset) => throw new NotSupportedException(nameof(Patches));

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor) => throw new NotSupportedException(nameof(PixelShuffle));

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor) => throw new NotSupportedException(nameof(PixelShuffleBackward));

    public override void CrossEntropy(Tensor losses, Tensor logits, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms = default) => throw new NotSupportedException(nameof(CrossEntropy));

    public override double SumOfSquares(Tensor x) => throw new NotSupportedException(nameof(SumOfSquares));

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step) => throw new NotSupportedException(nameof(AdamW));

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step) => throw new NotSupportedException(nameof(AdamW8Bit));

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step) => throw new NotSupportedException(nameof(Lion));
}
