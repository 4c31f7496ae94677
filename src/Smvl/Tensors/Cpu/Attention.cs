using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Smvl.Tensors.Cpu;

/// <summary>Softmax attention within segments, see <see cref="Backend.Attention"/> and <see cref="AttentionLayout"/>.</summary>
internal abstract class Attention
{
    /// <summary>Best first: the widest vectors of this machine, eight tile rows where there are 32 registers.</summary>
    private static readonly Attention Best =
        Simd512.IsSupported ? new Attention<Tile8<Simd512, Vector512<float>>, Simd512, Vector512<float>>()
        : Simd256.IsSupported ? new Attention<Tile6<Simd256, Vector256<float>>, Simd256, Vector256<float>>()
        : AdvSimd.IsSupported ? new Attention<Tile8<Simd128, Vector128<float>>, Simd128, Vector128<float>>()
        : Simd128.IsSupported ? new Attention<Tile6Runs<Simd128, Vector128<float>>, Simd128, Vector128<float>>()
        : new Attention<Tile6Runs<SimdScalar, float>, SimdScalar, float>();

    /// <summary>o (T, H·hd), logSumExp (T, H) from q (T, H·hd), k and v (Tk, Hkv·hd).</summary>
    public static void Forward(CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Best.RunForward(threads, o, logSumExp, q, k, v, layout);

    /// <summary>dq, dk, dv from dO and what Forward made; rows of dk and dv outside every segment become 0.</summary>
    public static void Backward(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        Best.RunBackward(threads, dq, dk, dv, dO, o, logSumExp, q, k, v, layout);

    internal abstract void RunForward(CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout);

    internal abstract void RunBackward(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout);
}

/// <summary>Attention at one vector width: few queries read the cache as it lies, more go through the blocked kernels.</summary>
internal sealed class Attention<TTile, TSimd, TVector> : Attention
    where TTile : ITile
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    // packing keys and values pays from about this many queries on
    private const int FewQueries = 4;

    internal override void RunForward(CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        foreach (AttentionSegment segment in layout.Segments)
        {
            Debug.Assert(!layout.Causal || segment.KeyLength >= segment.QueryLength, $"{segment} has queries before its first key");
            if (segment.QueryLength <= FewQueries)
            {
                AttentionFew<TSimd, TVector>.Run(threads, o, logSumExp, q, k, v, layout, segment);
            }
            else
            {
                AttentionForward<TTile, TSimd, TVector>.Run(threads, o, logSumExp, q, k, v, layout, segment);
            }
        }
    }

    internal override void RunBackward(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        AttentionBackward<TTile, TSimd, TVector>.Run(threads, dq, dk, dv, dO, o, logSumExp, q, k, v, layout);
}
