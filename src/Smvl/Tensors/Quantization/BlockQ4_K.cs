using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// 256 values in 144 bytes, in 8 parts of 32: F16 d, F16 dmin, 12 bytes with a 6-bit scale s and minimum m for each part, then
/// half bytes q. x ≈ d · s · q − dmin · m. Of 64 values the first 32 are low halves of 32 bytes and the others the high halves.
/// Quantizing looks for the least squared error, each value counting the same (llama-quantize counts large ones more): a fit for each
/// part by itself, the 6-bit neighbours of its scale and minimum, then d and dmin anew for what was chosen, and so on.
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

    /// <summary>Times that d and dmin are fitted anew, at most.</summary>
    private const int Rounds = 2;

    /// <summary>Widths of a step that are tried besides the one that covers the range exactly.</summary>
    private const int Widths = 12;

    /// <summary>By how much a rounding must be better than an earlier one: more than the sums' own rounding.</summary>
    private const double Gain = 1 + 1e-6;

    public static int Values => 256;

    public static int Bytes => 144;

    // half of what the nearest scales would allow: the fits may lie beyond the values
    public static float Largest => 65504f * TopScale / 2;

    public static void Quantize(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts];
        Span<float> minima = stackalloc float[Parts];
        for (int part = 0; part < Parts; part++)
        {
            (scales[part], minima[part]) = Fit(x.Slice(part * PartValues, PartValues));
        }

        float d = (float)(Half)(TensorPrimitives.Max(scales) / TopScale);
        float dmin = (float)(Half)(TensorPrimitives.Max(minima) / TopScale);
        double least = Pack(x, d, dmin, scales, minima, block);
        Span<byte> other = stackalloc byte[144];
        for (int round = 0; round < Rounds; round++)
        {
            for (int part = 0; part < Parts; part++)
            {
                (int s, int m) = Scales(block.Slice(ScalesAt, 12), part);
                (scales[part], minima[part]) = (d * s, dmin * m);
            }

            (d, dmin) = FitBlock(x, block, d, dmin);
            double error = Pack(x, d, dmin, scales, minima, other);
            if (error >= least)
            {
                break;
            }

            least = error;
            other.CopyTo(block);
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

    private static Vector256<float> Level(Vector256<float> scaled) =>
        Vector256.Min(Vector256.Max(Vector256.Round(scaled), Vector256<float>.Zero), Vector256.Create((float)Top));

    /// <summary>
    /// The scale and minimum, neither negative, that stand for a part best. Several widths of a step give several roundings to
    /// levels, and so does the best of them; for each rounding the least squares are a straight line through (level, value).
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
        double most = 0;
        (float Scale, float Minimum) fit = (0, -low);
        Try(x, low, Top / range);
        for (int i = 0; i < Widths; i++)
        {
            Try(x, low, (12.7f + (0.3f * i)) / range);
        }

        Try(x, -fit.Minimum, 1 / fit.Scale);
        return fit;

        void Try(ReadOnlySpan<float> x, float low, float inverse)
        {
            Vector256<float> levels = default, squares = default;
            Vector256<double> products = default;
            for (int i = 0; i < PartValues; i += 8)
            {
                Vector256<float> values = Vector256.Create(x[i..]), level = Level((values - Vector256.Create(low)) * inverse);
                levels += level;
                squares += level * level;
                products = FitSums.Add(products, values, level);
            }

            double sumL = FitSums.Total(levels), sumLL = FitSums.Total(squares), sumXL = FitSums.Total(products);
            double determinant = (PartValues * sumLL) - (sumL * sumL);
            double intercept = determinant > 0 ? ((sumLL * sumX) - (sumL * sumXL)) / determinant : 0;
            double slope = intercept < 0 ? ((PartValues * sumXL) - (sumL * sumX)) / determinant : sumXL / sumLL;
            intercept = Math.Min(intercept, 0);
            double taken = (slope * sumXL) + (intercept * sumX);
            if (taken > most * Gain)
            {
                most = taken;
                fit = ((float)slope, (float)-intercept);
            }
        }
    }

    /// <summary>Fills a block with the best that d and dmin, F16 numbers, allow near the given scales and minima.</summary>
    /// <returns>the sum of squared errors</returns>
    private static double Pack(ReadOnlySpan<float> x, float d, float dmin, ReadOnlySpan<float> scales, ReadOnlySpan<float> minima, Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)dmin);
        double sum = 0;
        for (int part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> values = x.Slice(part * PartValues, PartValues);
            (int s, int m, double error) = Nearest(values, d, dmin, scales[part], minima[part]);
            sum += error;
            SetScales(block.Slice(ScalesAt, 12), part, s, m);
            Span<byte> levels = block.Slice(LevelsAt + (part / 2 * PartValues), PartValues);
            float minimum = dmin * m;
            float inverse = Inverse(d * s);
            for (int i = 0; i < PartValues; i++)
            {
                levels[i] |= (byte)((int)Level((values[i] + minimum) * inverse) << (part % 2 * 4));
            }
        }

        return sum;
    }

    /// <summary>The d and dmin, as F16 numbers, with the least squared error for a block's scales, minima and levels.</summary>
    private static (float D, float Dmin) FitBlock(ReadOnlySpan<float> x, ReadOnlySpan<byte> block, float d, float dmin)
    {
        // x ≈ d · a − dmin · m with a = s · q: the normal equations
        double sumAA = 0;
        double sumAM = 0;
        double sumMM = 0;
        double sumXA = 0;
        double sumXM = 0;
        for (int part = 0; part < Parts; part++)
        {
            (int s, int m) = Scales(block.Slice(ScalesAt, 12), part);
            ReadOnlySpan<byte> levels = block.Slice(LevelsAt + (part / 2 * PartValues), PartValues);
            for (int i = 0; i < PartValues; i++)
            {
                double a = s * ((levels[i] >> (part % 2 * 4)) & 15);
                double value = x[(part * PartValues) + i];
                sumAA += a * a;
                sumAM += a * m;
                sumXA += value * a;
                sumXM += value * m;
            }

            sumMM += PartValues * m * m;
        }

        double determinant = (sumAA * sumMM) - (sumAM * sumAM);
        if (determinant <= 1e-9 * sumAA * sumMM)
        {
            return sumAA > 0 ? (Rounded((sumXA + (dmin * sumAM)) / sumAA), dmin) : (d, dmin);
        }

        return (Rounded(((sumXA * sumMM) - (sumXM * sumAM)) / determinant), Rounded(((sumXA * sumAM) - (sumXM * sumAA)) / determinant));
    }

    private static float Rounded(double scale) => (float)(Half)Math.Max(scale, 0);

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    /// <summary>The 6-bit scale and minimum with the least error, the nearest ones and those beside them.</summary>
    private static (int Scale, int Minimum, double Error) Nearest(ReadOnlySpan<float> x, float d, float dmin, float scale, float minimum)
    {
        (int s0, int m0) = (SixBits(scale, d), SixBits(minimum, dmin));
        (int Scale, int Minimum, double Error) nearest = (0, 0, double.MaxValue);
        for (int s = Math.Max(s0 - 1, 0); s <= Math.Min(s0 + 1, TopScale); s++)
        {
            for (int m = Math.Max(m0 - 1, 0); m <= Math.Min(m0 + 1, TopScale); m++)
            {
                double error = Error(x, d * s, dmin * m);
                if (error < nearest.Error)
                {
                    nearest = (s, m, error);
                }
            }
        }

        return nearest;
    }

    private static int SixBits(float value, float unit) => unit == 0 ? 0 : Math.Clamp((int)MathF.Round(value / unit), 0, TopScale);

    private static double Error(ReadOnlySpan<float> x, float scale, float minimum)
    {
        float inverse = Inverse(scale);
        Vector256<double> sum = default;
        for (int i = 0; i < PartValues; i += 8)
        {
            Vector256<float> values = Vector256.Create(x[i..]), least = Vector256.Create(minimum);
            Vector256<float> off = (Level((values + least) * inverse) * scale) - least - values;
            sum = FitSums.Add(sum, off, off);
        }

        return FitSums.Total(sum);
    }
}
