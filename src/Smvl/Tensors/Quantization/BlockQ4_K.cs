using System.Buffers.Binary;
using System.Numerics.Tensors;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 256 values in 144 bytes, in 8 parts of 32: F16 d, F16 dmin, 12 bytes with a 6-bit scale s and minimum m for each part, then
/// half bytes q. x ≈ d · s · q − dmin · m. Of 64 values the first 32 are low halves of 32 bytes and the others the high halves.
/// Quantizing looks for the least squared error, each value counting the same (llama-quantize counts large ones more): a fit for each
/// part by itself, then the 6-bit neighbours of its scale and minimum.
/// Source of the layout: llama.cpp, ggml/src/ggml-quants.c, dequantize_row_q4_K.
/// </summary>
internal readonly struct BlockQ4_K : IBlock
{
    private const int Parts = 8;
    private const int PartValues = 32;
    private const int ScalesAt = 4;
    private const int LevelsAt = 16;
    private const int Top = 15;
    private const int TopScale = 63;

    public static int Values => 256;

    public static int Bytes => 144;

    public static float Largest => 65504f * TopScale;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts];
        Span<float> minima = stackalloc float[Parts];
        for (int part = 0; part < Parts; part++)
        {
            (scales[part], minima[part]) = Fit(x.Slice(part * PartValues, PartValues));
        }

        var d = (Half)(TensorPrimitives.Max(scales) / TopScale);
        var dmin = (Half)(TensorPrimitives.Max(minima) / TopScale);
        BinaryPrimitives.WriteHalfLittleEndian(block, d);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], dmin);
        block[ScalesAt..].Clear();
        for (int part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> values = x.Slice(part * PartValues, PartValues);
            (int s, int m) = Nearest(values, (float)d, (float)dmin, scales[part], minima[part]);
            SetScales(block.Slice(ScalesAt, 12), part, s, m);
            Span<byte> levels = block.Slice(LevelsAt + (part / 2 * PartValues), PartValues);
            float scale = (float)d * s;
            float minimum = (float)dmin * m;
            float inverse = scale == 0 ? 0 : 1 / scale;
            for (int i = 0; i < PartValues; i++)
            {
                levels[i] |= (byte)((int)Level((values[i] + minimum) * inverse) << (part % 2 * 4));
            }
        }
    }

    public static void Dequantize(ReadOnlySpan<byte> block, Span<float> x)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float dmin = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        for (int part = 0; part < Parts; part++)
        {
            (int s, int m) = Scales(block.Slice(ScalesAt, 12), part);
            float scale = d * s;
            float minimum = dmin * m;
            ReadOnlySpan<byte> levels = block.Slice(LevelsAt + (part / 2 * PartValues), PartValues);
            int shift = part % 2 * 4;
            for (int i = 0; i < PartValues; i++)
            {
                x[(part * PartValues) + i] = (scale * ((levels[i] >> shift) & 15)) - minimum;
            }
        }
    }

    /// <summary>The scale and minimum of a part: of the first four in 6 bits of a byte each, of the others 4 bits in the last bytes and 2 above the first ones'.</summary>
    private static (int Scale, int Minimum) Scales(ReadOnlySpan<byte> packed, int part) =>
        part < 4
            ? (packed[part] & 63, packed[part + 4] & 63)
            : ((packed[part + 4] & 15) | (packed[part - 4] >> 6 << 4), (packed[part + 4] >> 4) | (packed[part] >> 6 << 4));

    private static void SetScales(Span<byte> packed, int part, int scale, int minimum)
    {
        if (part < 4)
        {
            packed[part] |= (byte)scale;
            packed[part + 4] |= (byte)minimum;
        }
        else
        {
            packed[part + 4] |= (byte)((scale & 15) | ((minimum & 15) << 4));
            packed[part - 4] |= (byte)(scale >> 4 << 6);
            packed[part] |= (byte)(minimum >> 4 << 6);
        }
    }

    private static float Level(float scaled) => Math.Clamp(MathF.Round(scaled), 0, Top);

    /// <summary>
    /// The scale and minimum, neither negative, that stand for a part best. Several widths of a step give several roundings to
    /// levels; for each of them the least squares are a straight line through (level, value).
    /// </summary>
    private static (float Scale, float Minimum) Fit(ReadOnlySpan<float> x)
    {
        float low = MathF.Min(0, TensorPrimitives.Min(x));
        float range = TensorPrimitives.Max(x) - low;
        if (range < BlockFormat.Nothing)
        {
            return (0, -low);
        }

        double sumX = 0;
        foreach (float value in x)
        {
            sumX += value;
        }

        // what the line takes off the sum of squares: the error is what it leaves
        double best = 0;
        (float Scale, float Minimum) fit = (0, -low);
        for (int step = -10; step <= 10; step++)
        {
            float inverse = (Top + (0.1f * step)) / range;
            double sumL = 0;
            double sumLL = 0;
            double sumXL = 0;
            foreach (float value in x)
            {
                double level = Level((value - low) * inverse);
                sumL += level;
                sumLL += level * level;
                sumXL += value * level;
            }

            double determinant = (PartValues * sumLL) - (sumL * sumL);
            double intercept = determinant > 0 ? ((sumLL * sumX) - (sumL * sumXL)) / determinant : 0;
            double slope = intercept < 0 ? ((PartValues * sumXL) - (sumL * sumX)) / determinant : sumXL / sumLL;
            intercept = Math.Min(intercept, 0);
            double taken = (slope * sumXL) + (intercept * sumX);
            if (taken > best)
            {
                best = taken;
                fit = ((float)slope, (float)-intercept);
            }
        }

        return fit;
    }

    /// <summary>The 6-bit scale and minimum with the least error, the nearest ones and those beside them.</summary>
    private static (int Scale, int Minimum) Nearest(ReadOnlySpan<float> x, float d, float dmin, float scale, float minimum)
    {
        (int s0, int m0) = (SixBits(scale, d), SixBits(minimum, dmin));
        (int, int) nearest = (0, 0);
        double least = double.MaxValue;
        for (int s = Math.Max(s0 - 1, 0); s <= Math.Min(s0 + 1, TopScale); s++)
        {
            for (int m = Math.Max(m0 - 1, 0); m <= Math.Min(m0 + 1, TopScale); m++)
            {
                double error = Error(x, d * s, dmin * m);
                if (error < least)
                {
                    least = error;
                    nearest = (s, m);
                }
            }
        }

        return nearest;
    }

    private static int SixBits(float value, float unit) => unit == 0 ? 0 : Math.Clamp((int)MathF.Round(value / unit), 0, TopScale);

    private static double Error(ReadOnlySpan<float> x, float scale, float minimum)
    {
        float inverse = scale == 0 ? 0 : 1 / scale;
        double sum = 0;
        foreach (float value in x)
        {
            double off = (scale * Level((value + minimum) * inverse)) - minimum - value;
            sum += off * off;
        }

        return sum;
    }
}
