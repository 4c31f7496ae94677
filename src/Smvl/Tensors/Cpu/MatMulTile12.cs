using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>12 rows by 2 vectors: 24 sums for machines with 32 registers (AVX-512, Arm).</summary>
internal readonly unsafe struct Tile12<TSimd, TVector> : ITile
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    public static int Rows => 12;

    public static int Columns => 2 * TSimd.Width;

    public static int Depth => 512;

    // not inlined: the loop needs every register
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Run(int depth, float* a, float* b, float* c, long stride, float* start, long startStride) =>
        Kernel(depth, a, laneStride: 1, depthStride: 12, b, c, stride, start, startStride);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void RunRows(int depth, float* a, float* b, float* c, long stride, float* start, long startStride) =>
        Kernel(depth, a, laneStride: 2 * TSimd.Width, depthStride: 1, b, c, stride, start, startStride);

    // inlined twice with constant strides of A
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Kernel(
        int depth, float* a, int laneStride, int depthStride, float* b, float* c, long stride, float* start, long startStride)
    {
        int w = TSimd.Width;
        TVector l0 = default, r0 = default;
        TVector l1 = default, r1 = default;
        TVector l2 = default, r2 = default;
        TVector l3 = default, r3 = default;
        TVector l4 = default, r4 = default;
        TVector l5 = default, r5 = default;
        TVector l6 = default, r6 = default;
        TVector l7 = default, r7 = default;
        TVector l8 = default, r8 = default;
        TVector l9 = default, r9 = default;
        TVector l10 = default, r10 = default;
        TVector l11 = default, r11 = default;

        for (float* end = a + ((long)depth * depthStride); a != end; a += depthStride, b += 2 * w)
        {
            TVector bl = TSimd.Load(b), br = TSimd.Load(b + w), v;
            v = TSimd.Broadcast(*a);
            l0 = TSimd.MultiplyAdd(v, bl, l0);
            r0 = TSimd.MultiplyAdd(v, br, r0);
            v = TSimd.Broadcast(a[laneStride]);
            l1 = TSimd.MultiplyAdd(v, bl, l1);
            r1 = TSimd.MultiplyAdd(v, br, r1);
            v = TSimd.Broadcast(a[2 * laneStride]);
            l2 = TSimd.MultiplyAdd(v, bl, l2);
            r2 = TSimd.MultiplyAdd(v, br, r2);
            v = TSimd.Broadcast(a[3 * laneStride]);
            l3 = TSimd.MultiplyAdd(v, bl, l3);
            r3 = TSimd.MultiplyAdd(v, br, r3);
            v = TSimd.Broadcast(a[4 * laneStride]);
            l4 = TSimd.MultiplyAdd(v, bl, l4);
            r4 = TSimd.MultiplyAdd(v, br, r4);
            v = TSimd.Broadcast(a[5 * laneStride]);
            l5 = TSimd.MultiplyAdd(v, bl, l5);
            r5 = TSimd.MultiplyAdd(v, br, r5);
            v = TSimd.Broadcast(a[6 * laneStride]);
            l6 = TSimd.MultiplyAdd(v, bl, l6);
            r6 = TSimd.MultiplyAdd(v, br, r6);
            v = TSimd.Broadcast(a[7 * laneStride]);
            l7 = TSimd.MultiplyAdd(v, bl, l7);
            r7 = TSimd.MultiplyAdd(v, br, r7);
            v = TSimd.Broadcast(a[8 * laneStride]);
            l8 = TSimd.MultiplyAdd(v, bl, l8);
            r8 = TSimd.MultiplyAdd(v, br, r8);
            v = TSimd.Broadcast(a[9 * laneStride]);
            l9 = TSimd.MultiplyAdd(v, bl, l9);
            r9 = TSimd.MultiplyAdd(v, br, r9);
            v = TSimd.Broadcast(a[10 * laneStride]);
            l10 = TSimd.MultiplyAdd(v, bl, l10);
            r10 = TSimd.MultiplyAdd(v, br, r10);
            v = TSimd.Broadcast(a[11 * laneStride]);
            l11 = TSimd.MultiplyAdd(v, bl, l11);
            r11 = TSimd.MultiplyAdd(v, br, r11);
        }

        Put(c, start, w, l0, r0);
        c += stride;
        start += startStride;
        Put(c, start, w, l1, r1);
        c += stride;
        start += startStride;
        Put(c, start, w, l2, r2);
        c += stride;
        start += startStride;
        Put(c, start, w, l3, r3);
        c += stride;
        start += startStride;
        Put(c, start, w, l4, r4);
        c += stride;
        start += startStride;
        Put(c, start, w, l5, r5);
        c += stride;
        start += startStride;
        Put(c, start, w, l6, r6);
        c += stride;
        start += startStride;
        Put(c, start, w, l7, r7);
        c += stride;
        start += startStride;
        Put(c, start, w, l8, r8);
        c += stride;
        start += startStride;
        Put(c, start, w, l9, r9);
        c += stride;
        start += startStride;
        Put(c, start, w, l10, r10);
        c += stride;
        start += startStride;
        Put(c, start, w, l11, r11);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, float* start, int w, TVector l, TVector r)
    {
        TSimd.Store(c, TSimd.Add(l, TSimd.Load(start)));
        TSimd.Store(c + w, TSimd.Add(r, TSimd.Load(start + w)));
    }
}
