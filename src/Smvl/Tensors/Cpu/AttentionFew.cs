using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Attention of a few queries over a long cache (generation): nothing is packed, keys and values are read as they lie, by one task per
/// key/value head for all of its queries, two of which share what was widened. A head's rows lie a page apart, so they are asked for
/// some keys ahead.
/// </summary>
internal static unsafe class AttentionFew<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    private const int AheadKeys = 8;

    // keys that meet two queries at once: as many sums as hide each other's latency
    private const int BlockKeys = 4;

    // vectors of a value that two queries' sums are kept in registers for
    private const int SumVectors = 4;

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
        int pairs = segment.QueryLength * group, keys = segment.KeyLength, stride = RoundUp(keys, Math.Max(BlockKeys, TSimd.Width));
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
        for (int j = 0; j < keys; j += BlockKeys, key += BlockKeys * rowBytes)
        {
            for (int i = 0; i < BlockKeys; i++)
            {
                Prefetch(key + ((AheadKeys + i) * rowBytes), headBytes);
            }

            // behind the last key stands the last one again: its scores there are overwritten
            long last = (keys - 1 - j) * rowBytes;
            byte* k1 = key + Math.Min(rowBytes, last), k2 = key + Math.Min(2 * rowBytes, last), k3 = key + Math.Min(3 * rowBytes, last);
            for (int pair = 0; pair < pairs; pair += 2)
            {
                // of an odd number of queries the last one is its own neighbour
                int other = Math.Min(pair + 1, pairs - 1);
                Dots<TRow>(
                    queries + at[pair], queries + at[other], key, k1, k2, k3, hd, scores + ((long)pair * stride) + j, scores + ((long)other * stride) + j);
            }
        }

        float scale = layout.Scale;
        for (int pair = 0; pair < pairs; pair++)
        {
            int i = pair / group, seen = layout.Causal ? keys - segment.QueryLength + i + 1 : keys;
            float logSum = Softmax(scores + ((long)pair * stride), seen, stride, scale);
            if (logSumExp is not null)
            {
                logSumExp.Row<float>(segment.QueryStart + i)[(kvHead * group) + (pair % group)] = logSum;
            }
        }

        byte* values = v.Origin() + keyStart;
        for (int pair = 0; pair < pairs; pair += 2)
        {
            int other = Math.Min(pair + 1, pairs - 1);
            Sums<TRow>(
                outputs + at[pair], outputs + at[other], scores + ((long)pair * stride), scores + ((long)other * stride), values, rowBytes, keys, hd, headBytes);
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

    /// <summary>Products become probabilities, 0 from <paramref name="seen"/> to <paramref name="stride"/>; gives the log of the sum.</summary>
    private static float Softmax(float* scores, int seen, int stride, float scale)
    {
        new Span<float>(scores + seen, stride - seen).Fill(float.NegativeInfinity);
        float max = float.NegativeInfinity;
        for (int j = 0; j < seen; j++)
        {
            scores[j] *= scale;
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

    /// <summary>Two queries by four keys; a query that is both has one place for both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Dots<TRow>(float* a, float* b, byte* k0, byte* k1, byte* k2, byte* k3, int count, float* dotsA, float* dotsB)
        where TRow : ICacheRow
    {
        TVector a0 = TSimd.Broadcast(0f), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        int i = 0;
        for (; i <= count - TSimd.Width; i += TSimd.Width)
        {
            TVector x = TSimd.Load(a + i), y = TSimd.Load(b + i), key = TRow.Load<TSimd, TVector>(k0, i);
            (a0, b0) = (TSimd.MultiplyAdd(x, key, a0), TSimd.MultiplyAdd(y, key, b0));
            key = TRow.Load<TSimd, TVector>(k1, i);
            (a1, b1) = (TSimd.MultiplyAdd(x, key, a1), TSimd.MultiplyAdd(y, key, b1));
            key = TRow.Load<TSimd, TVector>(k2, i);
            (a2, b2) = (TSimd.MultiplyAdd(x, key, a2), TSimd.MultiplyAdd(y, key, b2));
            key = TRow.Load<TSimd, TVector>(k3, i);
            (a3, b3) = (TSimd.MultiplyAdd(x, key, a3), TSimd.MultiplyAdd(y, key, b3));
        }

        (dotsA[0], dotsA[1], dotsA[2], dotsA[3]) = (TSimd.Sum(a0), TSimd.Sum(a1), TSimd.Sum(a2), TSimd.Sum(a3));
        AddRest(a, dotsA);
        (dotsB[0], dotsB[1], dotsB[2], dotsB[3]) = (TSimd.Sum(b0), TSimd.Sum(b1), TSimd.Sum(b2), TSimd.Sum(b3));
        AddRest(b, dotsB);

        void AddRest(float* query, float* dots)
        {
            for (int rest = i; rest < count; rest++)
            {
                dots[0] += query[rest] * TRow.Load<SimdScalar, float>(k0, rest);
                dots[1] += query[rest] * TRow.Load<SimdScalar, float>(k1, rest);
                dots[2] += query[rest] * TRow.Load<SimdScalar, float>(k2, rest);
                dots[3] += query[rest] * TRow.Load<SimdScalar, float>(k3, rest);
            }
        }
    }

    /// <summary>Two queries' sums of the values, each times its probability, in the order of the keys.</summary>
    private static void Sums<TRow>(
        float* sumA, float* sumB, float* factorsA, float* factorsB, byte* values, long rowBytes, int keys, int count, int headBytes)
        where TRow : ICacheRow
    {
        int i = 0;
        for (; i <= count - (SumVectors * TSimd.Width); i += SumVectors * TSimd.Width)
        {
            SumColumns<TRow>(sumA + i, sumB + i, factorsA, factorsB, values, i, rowBytes, keys, i == 0 ? headBytes : 0);
        }

        for (; i < count; i++)
        {
            byte* row = values;
            (sumA[i], sumB[i]) = (0f, 0f);
            for (int j = 0; j < keys; j++, row += rowBytes)
            {
                float x = TRow.Load<SimdScalar, float>(row, i);
                float a = (factorsA[j] * x) + sumA[i], b = (factorsB[j] * x) + sumB[i];
                (sumA[i], sumB[i]) = (a, b);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns<TRow>(
        float* sumA, float* sumB, float* factorsA, float* factorsB, byte* row, int column, long rowBytes, int keys, int aheadBytes)
        where TRow : ICacheRow
    {
        int w = TSimd.Width;
        TVector a0 = TSimd.Broadcast(0f), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        for (int j = 0; j < keys; j++, row += rowBytes)
        {
            Prefetch(row + (AheadKeys * rowBytes), aheadBytes);
            TVector a = TSimd.Broadcast(factorsA[j]), b = TSimd.Broadcast(factorsB[j]);
            TVector x = TRow.Load<TSimd, TVector>(row, column);
            (a0, b0) = (TSimd.MultiplyAdd(a, x, a0), TSimd.MultiplyAdd(b, x, b0));
            x = TRow.Load<TSimd, TVector>(row, column + w);
            (a1, b1) = (TSimd.MultiplyAdd(a, x, a1), TSimd.MultiplyAdd(b, x, b1));
            x = TRow.Load<TSimd, TVector>(row, column + (2 * w));
            (a2, b2) = (TSimd.MultiplyAdd(a, x, a2), TSimd.MultiplyAdd(b, x, b2));
            x = TRow.Load<TSimd, TVector>(row, column + (3 * w));
            (a3, b3) = (TSimd.MultiplyAdd(a, x, a3), TSimd.MultiplyAdd(b, x, b3));
        }

        Store(sumA, a0, a1, a2, a3);
        Store(sumB, b0, b1, b2, b3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Store(float* sums, TVector v0, TVector v1, TVector v2, TVector v3)
        {
            TSimd.Store(sums, v0);
            TSimd.Store(sums + TSimd.Width, v1);
            TSimd.Store(sums + (2 * TSimd.Width), v2);
            TSimd.Store(sums + (3 * TSimd.Width), v3);
        }
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
