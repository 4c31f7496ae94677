using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// What this machine can do at best, measured: multiply-adds in registers, as wide as the matrix kernels' vectors, and reading memory
/// that no cache holds. Each call is one short burst on all threads; measured between the runs of something else it meets the same
/// busy or quiet machine.
/// </summary>
internal sealed unsafe class MachineLimits(CpuThreads threads) : IDisposable
{
    // a few milliseconds: long beside the start of the threads
    private const int Steps = 1_000_000;
    private const int Chains = 12;
    private const int ReadParts = 64;
    private const long ReadBytes = 512L << 20;

    private NativeStorage? memory;

    /// <summary>The widest vectors that the kernels use, in bits; 32 where there are none.</summary>
    public static int VectorBits => sizeof(float) * 8 * (
        Simd512.IsSupported ? Simd512.Width : Simd256.IsSupported ? Simd256.Width : Simd128.IsSupported ? Simd128.Width : SimdScalar.Width);

    /// <summary>Floating point operations per second; a multiply-add counts as two.</summary>
    public double MultiplyAdds()
    {
        long start = Stopwatch.GetTimestamp();
        threads.For(threads.Count, _ => Chain(Steps));
        double operations = 2.0 * Chains * (VectorBits / 32) * Steps * threads.Count;
        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes read per second. The first call takes 512 MiB of memory, which is kept until this is disposed.</summary>
    public double Read()
    {
        float* source = (float*)Memory().Pointer;
        long part = ReadBytes / sizeof(float) / ReadParts;
        long start = Stopwatch.GetTimestamp();
        threads.For(ReadParts, index => Sum(source + (index * part), part));
        return ReadBytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => memory?.Free();

    /// <summary>Written once: pages that were never written are all the same one.</summary>
    private NativeStorage Memory()
    {
        if (memory is null)
        {
            memory = NativeStorage.Allocate(ReadBytes);
            float* all = (float*)memory.Pointer;
            int part = (int)(ReadBytes / sizeof(float) / ReadParts);
            threads.For(ReadParts, index => new Span<float>(all + ((long)index * part), part).Fill(1f));
        }

        return memory;
    }

    private static float Chain(int steps) =>
        Simd512.IsSupported ? Chain<Simd512, Vector512<float>>(steps)
        : Simd256.IsSupported ? Chain<Simd256, Vector256<float>>(steps)
        : Simd128.IsSupported ? Chain<Simd128, Vector128<float>>(steps)
        : Chain<SimdScalar, float>(steps);

    private static float Sum(float* source, long count) =>
        Simd512.IsSupported ? Sum<Simd512, Vector512<float>>(source, count)
        : Simd256.IsSupported ? Sum<Simd256, Vector256<float>>(source, count)
        : Simd128.IsSupported ? Sum<Simd128, Vector128<float>>(source, count)
        : Sum<SimdScalar, float>(source, count);

    /// <summary>
    /// Twelve independent chains: enough for two units of up to six cycles, and they fit sixteen registers. A core with more units
    /// can do more than this says.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
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

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Sum<TSimd, TVector>(float* source, long count)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector a = TSimd.Broadcast(0f), b = a, c = a, d = a;
        int width = TSimd.Width, step = 4 * TSimd.Width;
        for (float* end = source + (count / step * step); source != end; source += step)
        {
            a = TSimd.Add(a, TSimd.Load(source));
            b = TSimd.Add(b, TSimd.Load(source + width));
            c = TSimd.Add(c, TSimd.Load(source + (2 * width)));
            d = TSimd.Add(d, TSimd.Load(source + (3 * width)));
        }

        return TSimd.Sum(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)));
    }
}
