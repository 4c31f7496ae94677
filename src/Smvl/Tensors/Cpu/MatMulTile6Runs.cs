using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// <see cref="Tile6{TSimd, TVector}"/> for machines that do not fuse a product with its sum. They round twice as often, so the depth
/// is summed in eight runs (of at least 8), each added to C when it is whole: long sums are then about twice as exact as one
/// running sum. A run begins with a product where a running sum would add one, so there is not one addition more.
/// </summary>
internal readonly unsafe struct Tile6Runs<TSimd, TVector> : ITile
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    private const int MostRuns = 8;
    private const int ShortestRun = 8;

    public static int Rows => 6;

    public static int Columns => 2 * TSimd.Width;

    public static int Depth => 512;

    // not inlined: the loop needs every register
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Run(int depth, float* a, float* b, float* c, long stride, float* start, long startStride) =>
        Kernel(depth, a, laneStride: 1, depthStride: 6, b, c, stride, start, startStride);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void RunRows(int depth, float* a, float* b, float* c, long stride, float* start, long startStride) =>
        Kernel(depth, a, laneStride: 2 * TSimd.Width, depthStride: 1, b, c, stride, start, startStride);

    // inlined twice with constant strides of A
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Kernel(
        int depth, float* a, int laneStride, int depthStride, float* b, float* c, long stride, float* start, long startStride)
    {
        int w = TSimd.Width;
        if (depth == 0)
        {
            for (int i = 0; i < 6; i++)
            {
                Put(c + (i * stride), start + (i * startStride), w, default, default);
            }
        }

        float* last = a + ((long)depth * depthStride);
        long run = (long)Math.Max(ShortestRun, (depth + MostRuns - 1) / MostRuns) * depthStride;
        while (a != last)
        {
            float* end = last - a < run ? last : a + run;
            TVector bl = TSimd.Load(b), br = TSimd.Load(b + w), v;
            v = TSimd.Broadcast(*a);
            TVector l0 = TSimd.Multiply(v, bl), r0 = TSimd.Multiply(v, br);
            v = TSimd.Broadcast(a[laneStride]);
            TVector l1 = TSimd.Multiply(v, bl), r1 = TSimd.Multiply(v, br);
            v = TSimd.Broadcast(a[2 * laneStride]);
            TVector l2 = TSimd.Multiply(v, bl), r2 = TSimd.Multiply(v, br);
            v = TSimd.Broadcast(a[3 * laneStride]);
            TVector l3 = TSimd.Multiply(v, bl), r3 = TSimd.Multiply(v, br);
            v = TSimd.Broadcast(a[4 * laneStride]);
            TVector l4 = TSimd.Multiply(v, bl), r4 = TSimd.Multiply(v, br);
            v = TSimd.Broadcast(a[5 * laneStride]);
            TVector l5 = TSimd.Multiply(v, bl), r5 = TSimd.Multiply(v, br);
            a += depthStride;
            b += 2 * w;
            for (; a != end; a += depthStride, b += 2 * w)
            {
                bl = TSimd.Load(b);
                br = TSimd.Load(b + w);
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
            }

            float* to = c;
            Put(to, start, w, l0, r0);
            to += stride;
            start += startStride;
            Put(to, start, w, l1, r1);
            to += stride;
            start += startStride;
            Put(to, start, w, l2, r2);
            to += stride;
            start += startStride;
            Put(to, start, w, l3, r3);
            to += stride;
            start += startStride;
            Put(to, start, w, l4, r4);
            to += stride;
            start += startStride;
            Put(to, start, w, l5, r5);

            // what the next run adds to
            start = c;
            startStride = stride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, float* start, int w, TVector l, TVector r)
    {
        TSimd.Store(c, TSimd.Add(l, TSimd.Load(start)));
        TSimd.Store(c + w, TSimd.Add(r, TSimd.Load(start + w)));
    }
}
