using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>One head's part of a cached key or value, in the type that the cache has.</summary>
internal unsafe interface ICacheRow
{
    /// <summary>Consecutive elements from <paramref name="index"/> on, a multiple of the vector's width.</summary>
    static abstract TVector Load<TSimd, TVector>(byte* row, int index)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged;
}

internal readonly unsafe struct CacheRowF32 : ICacheRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSimd, TVector>(byte* row, int index)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged =>
        TSimd.Load((float*)row + index);
}

internal readonly unsafe struct CacheRowF16 : ICacheRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSimd, TVector>(byte* row, int index)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged =>
        TSimd.LoadHalves((ushort*)row + index);
}

/// <summary>Blocks of 32: a scale and bytes. No vector is wider than a block.</summary>
internal readonly unsafe struct CacheRowQ8_0 : ICacheRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSimd, TVector>(byte* row, int index)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        const int values = 32, scaleBytes = 2;
        byte* block = row + (index / values * (scaleBytes + values));
        float scale = SimdScalar.LoadHalves((ushort*)block);
        return TSimd.Multiply(TSimd.LoadBytes((sbyte*)block + scaleBytes + (index % values)), TSimd.Broadcast(scale));
    }
}
