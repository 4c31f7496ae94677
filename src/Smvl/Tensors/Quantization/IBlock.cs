namespace Smvl.Tensors.Quantization;

/// <summary>
/// One block of a quantized type: the plain meaning of its bytes. Every other path is compared with these.
/// The values are finite and of a magnitude of at most <see cref="Largest"/>.
/// </summary>
internal interface IBlock
{
    /// <summary>Elements of a block.</summary>
    static abstract int Values { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>A magnitude up to which F16 holds the scales.</summary>
    static abstract float Largest { get; }

    /// <param name="x"><see cref="Values"/> numbers</param>
    /// <param name="block"><see cref="Bytes"/> bytes, overwritten</param>
    static abstract void Quantize(ReadOnlySpan<float> x, Span<byte> block);

    /// <param name="block"><see cref="Bytes"/> bytes</param>
    /// <param name="x"><see cref="Values"/> numbers, overwritten</param>
    static abstract void Dequantize(ReadOnlySpan<byte> block, Span<float> x);
}
