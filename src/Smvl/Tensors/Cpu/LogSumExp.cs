using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>ln Σ e^x of a row of logits: a vocabulary wide, once for every token that is written.</summary>
internal static unsafe class LogSumExp
{
    // summed in F32; the runs in double
    private const int Run = 1024;

    /// <summary>NaN where an x is, or where the largest is infinite.</summary>
    public static double Of(ReadOnlySpan<float> x)
    {
        float max = TensorPrimitives.Max(x);
        if (!float.IsFinite(max))
        {
            return double.NaN;
        }

        double sum = 0;
        fixed (float* first = x)
        {
            for (int start = 0; start < x.Length; start += Run)
            {
                int count = Math.Min(Run, x.Length - start);
                sum += Simd512.IsSupported ? Sum<Simd512, Vector512<float>>(first + start, count, max)
                    : Simd256.IsSupported ? Sum<Simd256, Vector256<float>>(first + start, count, max)
                    : Simd128.IsSupported ? Sum<Simd128, Vector128<float>>(first + start, count, max)
                    : Sum<SimdScalar, float>(first + start, count, max);
            }
        }

        return max + Math.Log(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum<TSimd, TVector>(float* x, int count, float max)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector shift = TSimd.Broadcast(max), even = TSimd.Broadcast(0f), odd = even;
        int i = 0;
        for (; i <= count - (2 * TSimd.Width); i += 2 * TSimd.Width)
        {
            even = TSimd.Add(even, SimdMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(x + i), shift)));
            odd = TSimd.Add(odd, SimdMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(x + i + TSimd.Width), shift)));
        }

        float sum = TSimd.Sum(TSimd.Add(even, odd));
        for (; i < count; i++)
        {
            sum += SimdMath.Exp<SimdScalar, float>(x[i] - max);
        }

        return sum;
    }
}
