using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Quantization;

/// <summary>Sums over eight values at a time, in double and in one order on every machine: the same weights become the same bytes everywhere.</summary>
internal static class FitSums
{
    /// <summary>sum plus a · b of all eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Add(Vector256<double> sum, Vector256<float> a, Vector256<float> b)
    {
        (Vector256<double> aLow, Vector256<double> aHigh) = Vector256.Widen(a);
        (Vector256<double> bLow, Vector256<double> bHigh) = Vector256.Widen(b);
        return sum + ((aLow * bLow) + (aHigh * bHigh));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Total(Vector256<double> sum) => sum[0] + sum[1] + (sum[2] + sum[3]);

    /// <summary>Of whole numbers, which F32 holds exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Total(Vector256<float> sum) => Vector256.Sum(sum);
}
