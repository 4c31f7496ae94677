using System.Buffers.Binary;
using System.Numerics.Tensors;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 256 values in 210 bytes, in 16 parts of 16: the low 4 bits of each level (128 bytes), their high 2 bits (64 bytes), a signed byte
/// of scale s for each part, then F16 d. x ≈ d · s · (q − 32). Of 128 values, four runs of 32 share bytes: the low bits of the first
/// two lie in the low halves of 64 bytes and those of the others in the high halves; the high bits of all four in 32 bytes.
/// Quantizing looks for the least squared error, each value counting the same (llama-quantize counts large ones more): a fit for each
/// part by itself, then the neighbours of its scale.
/// Source of the layout: llama.cpp, ggml/src/ggml-quants.c, dequantize_row_q6_K.
/// </summary>
internal readonly struct BlockQ6_K : IBlock
{
    private const int Parts = 16;
    private const int PartValues = 16;
    private const int HighAt = 128;
    private const int ScalesAt = 192;
    private const int ScaleAt = 208;

    public static int Values => 256;

    public static int Bytes => 210;

    public static float Largest => 65504f * 32 * 128;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts];
        for (int part = 0; part < Parts; part++)
        {
            scales[part] = Fit(x.Slice(part * PartValues, PartValues));
        }

        // the scale of largest magnitude becomes -128, the end of the range that has a step more
        var d = (Half)(TensorPrimitives.MaxMagnitude(scales) / -128);
        BinaryPrimitives.WriteHalfLittleEndian(block[ScaleAt..], d);
        block[..ScalesAt].Clear();
        for (int part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> values = x.Slice(part * PartValues, PartValues);
            int s = Nearest(values, (float)d, scales[part]);
            block[ScalesAt + part] = (byte)s;
            float inverse = Inverse((float)d * s);
            for (int i = 0; i < PartValues; i++)
            {
                int level = (int)Level(values[i] * inverse) + 32;
                (int low, int lowShift, int high, int highShift) = Place((part * PartValues) + i);
                block[low] |= (byte)((level & 15) << lowShift);
                block[high] |= (byte)(level >> 4 << highShift);
            }
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> x)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[ScaleAt..]);
        for (int i = 0; i < x.Length; i++)
        {
            (int low, int lowShift, int high, int highShift) = Place(i);
            int level = ((block[low] >> lowShift) & 15) | (((block[high] >> highShift) & 3) << 4);
            x[i] = d * (sbyte)block[ScalesAt + (i / PartValues)] * (level - 32);
        }
    }

    /// <summary>The bytes that hold a value's low 4 and high 2 bits, and how far they are shifted there.</summary>
    private static (int Low, int LowShift, int High, int HighShift) Place(int i)
    {
        (int half, int run, int at) = (i / 128, i % 128 / 32, i % 32);
        return ((half * 64) + (run % 2 * 32) + at, run / 2 * 4, HighAt + (half * 32) + at, run * 2);
    }

    private static float Level(float scaled) => Math.Clamp(MathF.Round(scaled), -32, 31);

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    /// <summary>
    /// The scale that stands for a part best. Several widths of a step, all of which put the value of largest magnitude near −32,
    /// give several roundings to levels; for each of them the least squares are a straight line through zero.
    /// </summary>
    private static float Fit(ReadOnlySpan<float> x)
    {
        float extreme = TensorPrimitives.MaxMagnitude(x);
        if (MathF.Abs(extreme) < BlockFormat.Nothing)
        {
            return 0;
        }

        // what the line takes off the sum of squares: the error is what it leaves
        double best = 0;
        float fit = 0;
        for (int step = -9; step <= 9; step++)
        {
            float inverse = -(32 + (0.1f * step)) / extreme;
            double sumLL = 0;
            double sumXL = 0;
            foreach (float value in x)
            {
                double level = Level(value * inverse);
                sumLL += level * level;
                sumXL += value * level;
            }

            double taken = sumXL * sumXL / sumLL;
            if (taken > best)
            {
                best = taken;
                fit = (float)(sumXL / sumLL);
            }
        }

        return fit;
    }

    /// <summary>The 8-bit scale with the least error, the nearest one and those beside it.</summary>
    private static int Nearest(ReadOnlySpan<float> x, float d, float scale)
    {
        int s0 = d == 0 ? 0 : Math.Clamp((int)MathF.Round(scale / d), -128, 127);
        int nearest = 0;
        double least = double.MaxValue;
        for (int s = Math.Max(s0 - 1, -128); s <= Math.Min(s0 + 1, 127); s++)
        {
            double error = Error(x, d * s);
            if (error < least)
            {
                least = error;
                nearest = s;
            }
        }

        return nearest;
    }

    private static double Error(ReadOnlySpan<float> x, float scale)
    {
        float inverse = Inverse(scale);
        double sum = 0;
        foreach (float value in x)
        {
            double off = (scale * Level(value * inverse)) - value;
            sum += off * off;
        }

        return sum;
    }
}
