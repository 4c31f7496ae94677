using System.Buffers.Binary;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 32 values in 18 bytes: an F16 scale d, then half bytes q, value i in the low and value i + 16 in the high half of byte i.
/// x ≈ d · (q − 8) with d = m / −8, m the value of largest magnitude: it gets the end of the range that has a step more.
/// Byte for byte what llama-quantize writes. Source: llama.cpp, ggml/src/ggml-quants.c, quantize_row_q4_0_ref.
/// </summary>
internal readonly struct BlockQ4_0 : IBlock
{
    public static int Values => 32;

    public static int Bytes => 18;

    public static float Largest => 65504f * 8;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        float extreme = 0;
        foreach (float value in x)
        {
            // of equal magnitudes the first
            if (MathF.Abs(extreme) < MathF.Abs(value))
            {
                extreme = value;
            }
        }

        // the inverse is of the scale before it is rounded to F16; the product is rounded before 8.5 is added
        float d = extreme / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        for (int i = 0; i < 16; i++)
        {
            block[2 + i] = (byte)(Level(x[i] * inverse) | (Level(x[i + 16] * inverse) << 4));
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> x)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 16; i++)
        {
            x[i] = ((block[2 + i] & 15) - 8) * d;
            x[i + 16] = ((block[2 + i] >> 4) - 8) * d;
        }
    }

    /// <summary>From −8 .. 8 to 0 .. 15, by cutting off; 0 as in ggml where the inverse of a scale below 2.9e-39 is infinite.</summary>
    private static int Level(float scaled) => float.IsFinite(scaled) ? Math.Min(15, (int)(scaled + 8.5f)) : 0;
}
