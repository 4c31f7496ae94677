using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Bench;

/// <summary>What the machine can do at best: the measure beside every row.</summary>
internal static unsafe class Limits
{
    private const int Chains = 12;

    /// <summary>
    /// Floating point operations of one call on all threads: twelve independent chains of multiply-adds in registers, as wide as
    /// the matrix kernels' vectors.
    /// </summary>
    public static double MultiplyAdds(CpuThreads threads, bool wide)
    {
        const int steps = 100_000;
        threads.For(threads.Count, _ =>
        {
            if (wide)
            {
                Chain<Simd512, Vector512<float>>(steps);
            }
            else
            {
                Chain<Simd256, Vector256<float>>(steps);
            }
        });
        return 2.0 * Chains * (wide ? 16 : 8) * steps * threads.Count;
    }

    /// <summary>Reads all of <paramref name="memory"/> with all threads.</summary>
    public static void Read(CpuThreads threads, Tensor memory)
    {
        float* source = memory.Pointer<float>();
        long part = memory.Count / 64;
        threads.For(64, index => Sum(source + (index * part), part));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Chain<TSimd, TVector>(int steps)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector x = TSimd.Broadcast(0.999f), y = TSimd.Broadcast(0.001f);
        TVector a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int step = 0; step < steps; step++)
        {
            a = TSimd.MultiplyAdd(a, x, y);
            b = TSimd.MultiplyAdd(b, x, y);
            c = TSimd.MultiplyAdd(c, x, y);
            d = TSimd.MultiplyAdd(d, x, y);
            e = TSimd.MultiplyAdd(e, x, y);
            f = TSimd.MultiplyAdd(f, x, y);
            g = TSimd.MultiplyAdd(g, x, y);
            h = TSimd.MultiplyAdd(h, x, y);
            i = TSimd.MultiplyAdd(i, x, y);
            j = TSimd.MultiplyAdd(j, x, y);
            k = TSimd.MultiplyAdd(k, x, y);
            l = TSimd.MultiplyAdd(l, x, y);
        }

        TVector abcd = TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), efgh = TSimd.Add(TSimd.Add(e, f), TSimd.Add(g, h));
        return TSimd.Sum(TSimd.Add(TSimd.Add(abcd, efgh), TSimd.Add(TSimd.Add(i, j), TSimd.Add(k, l))));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Sum(float* source, long count)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        for (float* end = source + (count / 32 * 32); source != end; source += 32)
        {
            a += Vector256.Load(source);
            b += Vector256.Load(source + 8);
            c += Vector256.Load(source + 16);
            d += Vector256.Load(source + 24);
        }

        return Vector256.Sum(a + b + c + d);
    }
}
