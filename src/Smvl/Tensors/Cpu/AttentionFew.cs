using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Attention of a few queries over a long cache (generation): nothing is packed, keys and values are read once as they lie, by
/// one task per key/value head for all of its queries. A head's rows lie a page apart, so they are asked for some keys ahead.
/// </summary>
internal static unsafe class AttentionFew<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    private const int AheadKeys = 8;

    public static void Run(
        CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout, AttentionSegment segment)
    {
        switch (k.DType)
        {
            case DType.F32:
                threads.For(layout.KeyValueHeads, kvHead => Head<CacheRowF32>(o, logSumExp, q, k, v, layout, segment, kvHead));
                break;
            case DType.F16:
                threads.For(layout.KeyValueHeads, kvHead => Head<CacheRowF16>(o, logSumExp, q, k, v, layout, segment, kvHead));
                break;
            default:
                Debug.Assert(k.DType == DType.Q8_0 && layout.HeadDim % DType.Q8_0.BlockSize() == 0, $"keys {k} of heads of {layout.HeadDim}");
                threads.For(layout.KeyValueHeads, kvHead => Head<CacheRowQ8_0>(o, logSumExp, q, k, v, layout, segment, kvHead));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Head<TRow>(
        Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout, AttentionSegment segment, int kvHead)
        where TRow : ICacheRow
    {
        int hd = layout.HeadDim, group = layout.Heads / layout.KeyValueHeads, rowWidth = layout.Heads * hd, kvWidth = layout.KeyValueHeads * hd;
        int pairs = segment.QueryLength * group, keys = segment.KeyLength, stride = RoundUp(keys, TSimd.Width);
        float* scores = Scratch.Floats(ScratchUse.Own, (long)pairs * stride);
        long* at = stackalloc long[pairs];
        long first = ((long)segment.QueryStart * rowWidth) + ((long)kvHead * group * hd);
        float* queries = q.Pointer<float>() + first, outputs = o.Pointer<float>() + first;
        long rowBytes = k.DType.Bytes(kvWidth), keyStart = (segment.KeyStart * rowBytes) + k.DType.Bytes(kvHead * hd);
        int headBytes = (int)k.DType.Bytes(hd);

        // pair = (query i, head g of the group); where its row starts
        for (int pair = 0; pair < pairs; pair++)
        {
            at[pair] = ((long)(pair / group) * rowWidth) + (pair % group * hd);
        }

        byte* key = k.Origin() + keyStart;
        for (int j = 0; j < keys; j++, key += rowBytes)
        {
            Prefetch(key + (AheadKeys * rowBytes), headBytes);
            for (int pair = 0; pair < pairs; pair++)
            {
                scores[((long)pair * stride) + j] = Dot<TRow>(queries + at[pair], key, hd) * layout.Scale;
            }
        }

        for (int pair = 0; pair < pairs; pair++)
        {
            int i = pair / group, seen = layout.Causal ? keys - segment.QueryLength + i + 1 : keys;
            float logSum = Softmax(scores + ((long)pair * stride), seen, stride);
            new Span<float>(outputs + at[pair], hd).Clear();
            if (logSumExp is not null)
            {
                logSumExp.Row<float>(segment.QueryStart + i)[(kvHead * group) + (pair % group)] = logSum;
            }
        }

        byte* value = v.Origin() + keyStart;
        for (int j = 0; j < keys; j++, value += rowBytes)
        {
            Prefetch(value + (AheadKeys * rowBytes), headBytes);
            for (int pair = 0; pair < pairs; pair++)
            {
                AddScaled<TRow>(outputs + at[pair], value, scores[((long)pair * stride) + j], hd);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* row, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int i = 0; i < bytes; i += 64)
            {
                Sse.Prefetch0(row + i);
            }
        }
    }

    /// <summary>Scores become probabilities, 0 from <paramref name="seen"/> to <paramref name="stride"/>; gives the log of the sum.</summary>
    private static float Softmax(float* scores, int seen, int stride)
    {
        new Span<float>(scores + seen, stride - seen).Fill(float.NegativeInfinity);
        float max = float.NegativeInfinity;
        for (int j = 0; j < seen; j++)
        {
            max = scores[j] > max ? scores[j] : max;
        }

        TVector shift = TSimd.Broadcast(max);
        for (int j = 0; j < stride; j += TSimd.Width)
        {
            TSimd.Store(scores + j, SimdMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(scores + j), shift)));
        }

        new Span<float>(scores + seen, stride - seen).Clear();
        TVector sums = TSimd.Broadcast(0f);
        for (int j = 0; j < stride; j += TSimd.Width)
        {
            sums = TSimd.Add(sums, TSimd.Load(scores + j));
        }

        float sum = TSimd.Sum(sums);
        TVector factor = TSimd.Broadcast(1f / sum);
        for (int j = 0; j < stride; j += TSimd.Width)
        {
            TSimd.Store(scores + j, TSimd.Multiply(TSimd.Load(scores + j), factor));
        }

        return max + MathF.Log(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot<TRow>(float* a, byte* row, int count)
        where TRow : ICacheRow
    {
        TVector even = TSimd.Broadcast(0f), odd = even;
        int i = 0;
        for (; i <= count - (2 * TSimd.Width); i += 2 * TSimd.Width)
        {
            even = TSimd.MultiplyAdd(TSimd.Load(a + i), TRow.Load<TSimd, TVector>(row, i), even);
            odd = TSimd.MultiplyAdd(TSimd.Load(a + i + TSimd.Width), TRow.Load<TSimd, TVector>(row, i + TSimd.Width), odd);
        }

        float sum = TSimd.Sum(TSimd.Add(even, odd));
        for (; i < count; i++)
        {
            sum += a[i] * TRow.Load<SimdScalar, float>(row, i);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled<TRow>(float* sum, byte* row, float factor, int count)
        where TRow : ICacheRow
    {
        TVector f = TSimd.Broadcast(factor);
        int i = 0;
        for (; i <= count - TSimd.Width; i += TSimd.Width)
        {
            TSimd.Store(sum + i, TSimd.MultiplyAdd(f, TRow.Load<TSimd, TVector>(row, i), TSimd.Load(sum + i)));
        }

        for (; i < count; i++)
        {
            sum[i] += factor * TRow.Load<SimdScalar, float>(row, i);
        }
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
