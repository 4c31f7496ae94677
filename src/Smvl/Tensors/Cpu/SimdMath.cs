using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>Functions in vectors of any width; the scalar width runs the same polynomial.</summary>
internal static class SimdMath
{
    /// <summary>
    /// e^x within 2 ulp; for x at most 88; below -87.3 it stays at the smallest normal float (about 1.2e-38).
    /// x = n ln 2 + r with |r| at most ln 2 / 2, ln 2 in two parts so that r is exact; e^r by Cephes' polynomial (Moshier, expf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TSimd, TVector>(TVector x)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        x = TSimd.Max(x, TSimd.Broadcast(-87.3f));

        // behind 1.5 · 2^23 a float's steps are whole numbers: the sum rounds to n, and its low bits hold n
        TVector magic = TSimd.Broadcast(12582912f);
        TVector shifted = TSimd.MultiplyAdd(x, TSimd.Broadcast(1.44269504f), magic);
        TVector n = TSimd.Subtract(shifted, magic);
        TVector r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-0.693359375f), x);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(2.12194440e-4f), r);
        TVector p = TSimd.Broadcast(1.9875691500e-4f);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.3981999507e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(8.3334519073e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(4.1665795894e-2f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.6666665459e-1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(5.0000001201e-1f));
        p = TSimd.Add(TSimd.MultiplyAdd(p, TSimd.Multiply(r, r), r), TSimd.Broadcast(1f));
        return TSimd.AddExponent(p, shifted);
    }

    /// <summary>1 / (1 + e^-x), within 4 ulp; from -88 down it stays at e^-88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<TSimd, TVector>(TVector x)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector one = TSimd.Broadcast(1f);
        TVector e = Exp<TSimd, TVector>(TSimd.Min(TSimd.Subtract(TSimd.Broadcast(0f), x), TSimd.Broadcast(88f)));
        return TSimd.Divide(one, TSimd.Add(one, e));
    }
}
