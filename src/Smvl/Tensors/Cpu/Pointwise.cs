using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>An operation whose element i depends on elements i only.</summary>
internal interface IPointwise
{
    /// <summary>Elements <paramref name="i"/> to i + <see cref="ISimd{TVector}.Width"/> − 1: all inputs are read before an output is written.</summary>
    void At<TSimd, TVector>(long i)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged;
}

/// <summary>The loop of every pointwise operation: the widest vectors of this machine, then one element at a time.</summary>
internal static class Pointwise
{
    public static void Run<TOperation>(CpuThreads threads, long count, TOperation operation)
        where TOperation : struct, IPointwise =>
        Partition.Elements(threads, count, (start, length) => Range(operation, start, (long)start + length));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Range<TOperation>(TOperation operation, long i, long end)
        where TOperation : struct, IPointwise
    {
        if (Simd512.IsSupported)
        {
            for (; i <= end - 16; i += 16)
            {
                operation.At<Simd512, Vector512<float>>(i);
            }
        }
        else if (Simd256.IsSupported)
        {
            for (; i <= end - 8; i += 8)
            {
                operation.At<Simd256, Vector256<float>>(i);
            }
        }
        else if (Simd128.IsSupported)
        {
            for (; i <= end - 4; i += 4)
            {
                operation.At<Simd128, Vector128<float>>(i);
            }
        }

        for (; i < end; i++)
        {
            operation.At<SimdScalar, float>(i);
        }
    }
}
