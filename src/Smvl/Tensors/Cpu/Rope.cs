using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Rotary position embedding in place: the pair (i, i + hd/2) of each head turns by position · theta^(−2i/hd); the backward turns
/// the other way. Angles are computed in F32 as the reference does. Source: Su et al. 2021; rotate_half in transformers.
/// </summary>
internal sealed unsafe class Rope
{
    private readonly RopeTables tables = new();

    public void Apply(CpuThreads threads, Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
        int half = headDim / 2;
        int heads = x.Shape.Width / headDim;
        int[] at = positions.ToArray();
        RopeTable table = tables.For(headDim, theta, at.Length == 0 ? 0 : at.Max() + 1);
        float sign = inverse ? -1f : 1f;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(x.Shape.Width), (start, end) =>
        {
            for (int t = start; t < end; t++)
            {
                fixed (float* cos = &table.Cos[at[t] * half], sin = &table.Sin[at[t] * half])
                {
                    Turn(x.Pointer<float>() + ((long)t * x.Shape.Width), cos, sin, sign, heads, half);
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* row, float* cos, float* sin, float sign, int heads, int half)
    {
        for (int h = 0; h < heads; h++, row += 2 * half)
        {
            int i = 0;
            if (Simd256.IsSupported)
            {
                for (; i <= half - 8; i += 8)
                {
                    Pair<Simd256, Vector256<float>>(row + i, half, cos + i, sin + i, sign);
                }
            }
            else if (Simd128.IsSupported)
            {
                for (; i <= half - 4; i += 4)
                {
                    Pair<Simd128, Vector128<float>>(row + i, half, cos + i, sin + i, sign);
                }
            }

            for (; i < half; i++)
            {
                Pair<SimdScalar, float>(row + i, half, cos + i, sin + i, sign);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<TSimd, TVector>(float* x, int half, float* cos, float* sin, float sign)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector low = TSimd.Load(x), high = TSimd.Load(x + half), c = TSimd.Load(cos), s = TSimd.Multiply(TSimd.Load(sin), TSimd.Broadcast(sign));
        TSimd.Store(x, TSimd.Subtract(TSimd.Multiply(low, c), TSimd.Multiply(high, s)));
        TSimd.Store(x + half, TSimd.MultiplyAdd(low, s, TSimd.Multiply(high, c)));
    }
}
