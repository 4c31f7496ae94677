namespace Smvl.Tensors.Quantization;

/// <summary>GGUF's block types, whole blocks at a time. The values must be finite: <see cref="TensorQuantizer"/> refuses others by name.</summary>
public static class BlockFormat
{
    /// <summary>A magnitude that no F16 scale can tell from zero, with room to compute in.</summary>
    internal const float Nothing = 1e-30f;

    /// <summary>Packs numbers into blocks.</summary>
    /// <param name="dtype">a quantized type</param>
    /// <param name="source">whole blocks of numbers</param>
    /// <param name="destination">as many bytes as they fill, overwritten</param>
    public static void Quantize(DType dtype, ReadOnlySpan<float> source, Span<byte> destination)
    {
        Check(dtype, source.Length, destination.Length);
        switch (dtype)
        {
            case DType.Q8_0:
                Quantize<BlockQ8_0>(source, destination);
                break;
            case DType.Q4_0:
                Quantize<BlockQ4_0>(source, destination);
                break;
            case DType.Q4_K:
                Quantize<BlockQ4_K>(source, destination);
                break;
            default:
                Quantize<BlockQ6_K>(source, destination);
                break;
        }
    }

    /// <summary>The numbers that blocks stand for, exactly as ggml computes them.</summary>
    /// <param name="dtype">a quantized type</param>
    /// <param name="source">whole blocks</param>
    /// <param name="destination">as many numbers as they hold, overwritten</param>
    public static void Dequantize(DType dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        Check(dtype, destination.Length, source.Length);
        switch (dtype)
        {
            case DType.Q8_0:
                Dequantize<BlockQ8_0>(source, destination);
                break;
            case DType.Q4_0:
                Dequantize<BlockQ4_0>(source, destination);
                break;
            case DType.Q4_K:
                Dequantize<BlockQ4_K>(source, destination);
                break;
            default:
                Dequantize<BlockQ6_K>(source, destination);
                break;
        }
    }

    private static void Quantize<TBlock>(ReadOnlySpan<float> source, Span<byte> destination)
        where TBlock : IBlock
    {
        for (int i = 0; i < source.Length / TBlock.Values; i++)
        {
            TBlock.Quantize(source.Slice(i * TBlock.Values, TBlock.Values), destination.Slice(i * TBlock.Bytes, TBlock.Bytes));
        }
    }

    private static void Dequantize<TBlock>(ReadOnlySpan<byte> source, Span<float> destination)
        where TBlock : IBlock
    {
        for (int i = 0; i < destination.Length / TBlock.Values; i++)
        {
            TBlock.Dequantize(source.Slice(i * TBlock.Bytes, TBlock.Bytes), destination.Slice(i * TBlock.Values, TBlock.Values));
        }
    }

    private static void Check(DType dtype, int values, int bytes)
    {
        if (!dtype.IsQuantized() || values % dtype.BlockSize() != 0 || bytes != dtype.Bytes(values))
        {
            throw new ArgumentException($"{values} numbers and {bytes} bytes are no whole blocks of {dtype}");
        }
    }
}
