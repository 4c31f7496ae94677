using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Images;

/// <summary>
/// Resampling's inner step: a weighted sum of rows of bytes, rounded and clamped to bytes. Exact integer arithmetic, so that every
/// path gives the same bytes. The vector loops are compiled in full at once: a program that answers about one picture calls them
/// for that one only.
/// </summary>
internal static unsafe class WeightedRows
{
    private const int Half = 1 << (ResampleWeights.Precision - 1);

    /// <summary>target[i] = clamp((Σ_k weights[k] · source[k · stride + i] + 1/2) / 2^Precision)</summary>
    /// <param name="source">the first row</param>
    /// <param name="stride">bytes from row to row</param>
    /// <param name="weights">one per row, in fixed point</param>
    /// <param name="target">receives <paramref name="width"/> bytes</param>
    /// <param name="width">bytes per row that count</param>
    public static void Sum(byte* source, nint stride, ReadOnlySpan<int> weights, byte* target, int width)
    {
        int done = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            done = Sum256(source, stride, weights, target, width);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            done = Sum128(source, stride, weights, target, width);
        }

        SumScalar(source + done, stride, weights, target + done, width - done);
    }

    /// <summary>The reference.</summary>
    public static void SumScalar(byte* source, nint stride, ReadOnlySpan<int> weights, byte* target, int width)
    {
        for (int i = 0; i < width; i++)
        {
            int sum = Half;
            byte* row = source + i;
            foreach (int weight in weights)
            {
                sum += weight * *row;
                row += stride;
            }

            target[i] = (byte)Math.Clamp(sum >> ResampleWeights.Precision, 0, 255);
        }
    }

    /// <summary>24 bytes at a time, a pixel of 8 rows on their side, then 8; returns how many are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sum256(byte* source, nint stride, ReadOnlySpan<int> weights, byte* target, int width)
    {
        int i = 0;
        for (; i + 24 <= width; i += 24)
        {
            Vector256<int> a = Vector256.Create(Half), b = a, c = a;
            byte* row = source + i;
            foreach (int scalar in weights)
            {
                Vector256<int> weight = Vector256.Create(scalar);
                a += weight * Widen256(row);
                b += weight * Widen256(row + 8);
                c += weight * Widen256(row + 16);
                row += stride;
            }

            Store(Clamp(a), target + i);
            Store(Clamp(b), target + i + 8);
            Store(Clamp(c), target + i + 16);
        }

        for (; i + 8 <= width; i += 8)
        {
            Vector256<int> a = Vector256.Create(Half);
            byte* row = source + i;
            foreach (int scalar in weights)
            {
                a += Vector256.Create(scalar) * Widen256(row);
                row += stride;
            }

            Store(Clamp(a), target + i);
        }

        return i;

        static Vector256<int> Clamp(Vector256<int> sum) =>
            Vector256.Clamp(sum >> ResampleWeights.Precision, Vector256<int>.Zero, Vector256.Create(255));

        static void Store(Vector256<int> sum, byte* target) => WeightedRows.Store(sum.GetLower(), sum.GetUpper(), target);
    }

    /// <summary>8 bytes at a time; returns how many are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sum128(byte* source, nint stride, ReadOnlySpan<int> weights, byte* target, int width)
    {
        int i = 0;
        for (; i + 8 <= width; i += 8)
        {
            Vector128<int> a = Vector128.Create(Half), b = a;
            byte* row = source + i;
            foreach (int scalar in weights)
            {
                Vector128<int> weight = Vector128.Create(scalar);
                (Vector128<int> low, Vector128<int> high) = Vector128.Widen(Widen128(row));
                a += weight * low;
                b += weight * high;
                row += stride;
            }

            Store(Clamp(a), Clamp(b), target + i);
        }

        return i;

        static Vector128<int> Clamp(Vector128<int> sum) =>
            Vector128.Clamp(sum >> ResampleWeights.Precision, Vector128<int>.Zero, Vector128.Create(255));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Widen128(byte* eight) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(eight)).AsByte()).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen256(byte* eight) => Vector256.WidenLower(Widen128(eight).ToVector256Unsafe());

    /// <summary>8 ints of 0 to 255 to bytes.</summary>
    private static void Store(Vector128<int> low, Vector128<int> high, byte* target)
    {
        Vector128<short> words = Vector128.Narrow(low, high);
        Unsafe.WriteUnaligned(target, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }
}
