using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 256 values in 210 bytes, in 16 parts of 16: the low 4 bits of each level (128 bytes), their high 2 bits (64 bytes), a signed byte
/// of scale s for each part, then F16 d. x ≈ d · s · (q − 32). Of 128 values, four runs of 32 share bytes: the low bits of the first
/// two lie in the low halves of 64 bytes and those of the others in the high halves; the high bits of all four in 32 bytes.
/// Quantizing looks for the least squared error, each value counting the same (llama-quantize counts large ones more): a fit for each
/// part by itself, the neighbours of its scale, then d anew for what was chosen.
/// Source of the layout: llama.cpp, ggml/src/ggml-quants.c, dequantize_row_q6_K.
/// </summary>
internal readonly struct BlockQ6_K : IBlock
{
    private const int Parts = 16;
    private const int PartValues = 16;
    private const int HighAt = 128;
    private const int ScalesAt = 192;
    private const int ScaleAt = 208;

    /// <summary>Widths of a step that are tried besides the one that covers the range exactly.</summary>
    private const int Widths = 20;

    /// <summary>By how much a rounding must be better than an earlier one: more than the sums' own rounding.</summary>
    private const double Gain = 1 + 1e-6;

    public static int Values => 256;

    public static int Bytes => 210;

    // half of what the nearest scales would allow: the fits may lie beyond the values
    public static float Largest => 65504f * 32 * 128 / 2;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts];
        for (int part = 0; part < Parts; part++)
        {
            scales[part] = Fit(x.Slice(part * PartValues, PartValues));
        }

        // the scale of largest magnitude becomes -128, the end of the range that has a step more
        float d = (float)(Half)(TensorPrimitives.MaxMagnitude(scales) / -128);
        double least = Pack(x, d, scales, block);
        for (int part = 0; part < Parts; part++)
        {
            scales[part] = d * (sbyte)block[ScalesAt + part];
        }

        Span<byte> other = stackalloc byte[210];
        if (Pack(x, FitBlock(x, block, d), scales, other) < least)
        {
            other.CopyTo(block);
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> x)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[ScaleAt..]);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = d * (sbyte)block[ScalesAt + (i / PartValues)] * Level(block, i);
        }
    }

    /// <summary>The bytes that hold a value's low 4 and high 2 bits, and how far they are shifted there.</summary>
    private static (int Low, int LowShift, int High, int HighShift) Place(int i)
    {
        (int half, int run, int at) = (i / 128, i % 128 / 32, i % 32);
        return ((half * 64) + (run % 2 * 32) + at, run / 2 * 4, HighAt + (half * 32) + at, run * 2);
    }

    /// <summary>A value's level, from −32 to 31.</summary>
    private static int Level(ReadOnlySpan<byte> block, int i)
    {
        (int low, int lowShift, int high, int highShift) = Place(i);
        return (((block[low] >> lowShift) & 15) | (((block[high] >> highShift) & 3) << 4)) - 32;
    }

    private static float Level(float scaled) => Math.Clamp(MathF.Round(scaled), -32, 31);

    private static Vector256<float> Level(Vector256<float> scaled) =>
        Vector256.Min(Vector256.Max(Vector256.Round(scaled), Vector256.Create(-32f)), Vector256.Create(31f));

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    /// <summary>
    /// The scale that stands for a part best. Several widths of a step give several roundings to levels, the value of largest
    /// magnitude becoming −32 to −22; for each of them the least squares are a straight line through zero.
    /// </summary>
    private static float Fit(ReadOnlySpan<float> x)
    {
        float extreme = TensorPrimitives.MaxMagnitude(x);
        if (MathF.Abs(extreme) < BlockFormat.Nothing)
        {
            return 0;
        }

        // what the line takes off the sum of squares: the error is what it leaves
        double most = 0;
        float fit = 0;
        Try(x, -32 / extreme);
        for (int i = 0; i < Widths; i++)
        {
            Try(x, -(22 + (0.7f * i)) / extreme);
        }

        return fit;

        void Try(ReadOnlySpan<float> x, float inverse)
        {
            Vector256<float> first = Vector256.Create(x), second = Vector256.Create(x[8..]);
            Vector256<float> firstLevels = Level(first * inverse), secondLevels = Level(second * inverse);
            double sumLL = FitSums.Total((firstLevels * firstLevels) + (secondLevels * secondLevels));
            double sumXL = FitSums.Total(FitSums.Add(FitSums.Add(default, first, firstLevels), second, secondLevels));
            double taken = sumXL * sumXL / sumLL;
            if (taken > most * Gain)
            {
                most = taken;
                fit = (float)(sumXL / sumLL);
            }
        }
    }

    /// <summary>Fills a block with the best that d, an F16 number, allows near the given scales.</summary>
    /// <returns>the sum of squared errors</returns>
    private static double Pack(ReadOnlySpan<float> x, float d, ReadOnlySpan<float> scales, Span<byte> block)
    {
        block[..ScalesAt].Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block[ScaleAt..], (Half)d);
        double sum = 0;
        for (int part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> values = x.Slice(part * PartValues, PartValues);
            (int s, double error) = Nearest(values, d, scales[part]);
            sum += error;
            block[ScalesAt + part] = (byte)s;
            float inverse = Inverse(d * s);
            for (int i = 0; i < PartValues; i++)
            {
                int level = (int)Level(values[i] * inverse) + 32;
                (int low, int lowShift, int high, int highShift) = Place((part * PartValues) + i);
                block[low] |= (byte)((level & 15) << lowShift);
                block[high] |= (byte)(level >> 4 << highShift);
            }
        }

        return sum;
    }

    /// <summary>The d, as an F16 number, with the least squared error for a block's scales and levels.</summary>
    private static float FitBlock(ReadOnlySpan<float> x, ReadOnlySpan<byte> block, float d)
    {
        // x ≈ d · a with a = s · (q − 32)
        double sumAA = 0;
        double sumXA = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double a = (sbyte)block[ScalesAt + (i / PartValues)] * Level(block, i);
            sumAA += a * a;
            sumXA += x[i] * a;
        }

        return sumAA > 0 ? (float)(Half)(sumXA / sumAA) : d;
    }

    /// <summary>The 8-bit scale with the least error, the nearest one and those beside it.</summary>
    private static (int Scale, double Error) Nearest(ReadOnlySpan<float> x, float d, float scale)
    {
        int s0 = d == 0 ? 0 : Math.Clamp((int)MathF.Round(scale / d), -128, 127);
        (int Scale, double Error) nearest = (0, double.MaxValue);
        for (int s = Math.Max(s0 - 1, -128); s <= Math.Min(s0 + 1, 127); s++)
        {
            double error = Error(x, d * s);
            if (error < nearest.Error)
            {
                nearest = (s, error);
            }
        }

        return nearest;
    }

    private static double Error(ReadOnlySpan<float> x, float scale)
    {
        float inverse = Inverse(scale);
        Vector256<float> first = Vector256.Create(x), second = Vector256.Create(x[8..]);
        Vector256<float> firstOff = (Level(first * inverse) * scale) - first, secondOff = (Level(second * inverse) * scale) - second;
        return FitSums.Total(FitSums.Add(FitSums.Add(default, firstOff, firstOff), secondOff, secondOff));
    }
}
