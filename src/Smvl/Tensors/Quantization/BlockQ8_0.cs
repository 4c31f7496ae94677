using System.Buffers.Binary;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 32 values in 34 bytes: an F16 scale d, then a signed byte q for each value. x ≈ d · q with d = max |x| / 127.
/// Byte for byte what llama-quantize writes. Source: llama.cpp, ggml/src/ggml-quants.c, quantize_row_q8_0_ref.
/// </summary>
internal readonly struct BlockQ8_0 : IBlock
{
    public static int Values => 32;

    public static int Bytes => 34;

    public static float Largest => 65504f * 127;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        float largest = 0;
        foreach (float value in x)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        // the inverse is of the scale before it is rounded to F16; it is infinite below 2.9e-39, where ggml's bytes are zero as well
        float d = largest / 127;
        float inverse = 1 / d;
        inverse = float.IsFinite(inverse) ? inverse : 0;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        for (int i = 0; i < x.Length; i++)
        {
            block[2 + i] = (byte)(sbyte)MathF.Round(x[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> x)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (sbyte)block[2 + i] * d;
        }
    }
}
