using System.Diagnostics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Attention without its matrix of scores (online softmax: Milakov and Gimelshein 2018; blocking: Dao et al. 2022), in the tiles
/// of the matrix kernel. Everything is turned so that queries lie in the lanes: scores S (keys, queries) come out of one tile
/// run as just the right-hand panel of the next, and the softmax over keys needs no sum across lanes.
/// Keys and values of a segment are packed once by all threads; a task is one panel of queries of one head.
/// </summary>
internal static unsafe class AttentionForward<TTile, TSimd, TVector>
    where TTile : ITile
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    // keys per step, a multiple of every tile's rows: scores of one step and panel stay in L1 or near it
    private const int BlockKeys = 144;

    public static void Run(
        CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout, AttentionSegment segment)
    {
        Debug.Assert(BlockKeys % TTile.Rows == 0, "key blocks of whole tiles");
        int hd = layout.HeadDim, kvWidth = layout.KeyValueHeads * hd, group = layout.Heads / layout.KeyValueHeads, keys = segment.KeyLength;
        int blocks = (keys + BlockKeys - 1) / BlockKeys;
        long packedKeys = (long)blocks * BlockKeys * hd, packedValues = (long)blocks * BlockKeys * RoundUp(hd, TTile.Rows);
        float* packed = Scratch.Floats(ScratchUse.Shared, layout.KeyValueHeads * (packedKeys + packedValues));
        (Operand keyRows, Operand valueColumns) = Operands(threads, k, v, segment, kvWidth);
        threads.For(layout.KeyValueHeads * blocks, part =>
        {
            int head = part / blocks, start = part % blocks * BlockKeys, count = Math.Min(BlockKeys, keys - start);
            float* destination = packed + (head * (packedKeys + packedValues));
            MatMulPack.Panels(destination + ((long)start * hd), keyRows, start, count, (long)head * hd, hd, TTile.Rows);
            MatMulPack.Panels(destination + packedKeys + ((long)start * RoundUp(hd, TTile.Rows)), valueColumns, head * hd, hd, start, count, TTile.Rows);
        });

        int panels = (segment.QueryLength + TTile.Columns - 1) / TTile.Columns;
        threads.For(layout.Heads * panels, part =>
        {
            // the panels that see most keys first
            int head = part % layout.Heads, panel = panels - 1 - (part / layout.Heads);
            float* keyPanels = packed + (head / group * (packedKeys + packedValues));
            Panel(o, logSumExp, q, layout, segment, head, panel * TTile.Columns, keyPanels, keyPanels + packedKeys);
        });
    }

    /// <summary>The segment's keys and values as a type that can be packed: those of a quantized cache become F32 first.</summary>
    private static (Operand Keys, Operand Values) Operands(CpuThreads threads, Tensor k, Tensor v, AttentionSegment segment, int kvWidth)
    {
        long start = (long)segment.KeyStart * kvWidth;
        if (!k.DType.IsQuantized())
        {
            return (
                Operand.Rows(k.Origin() + k.DType.Bytes(start), k.DType, kvWidth), Operand.Columns(v.Origin() + v.DType.Bytes(start), v.DType, kvWidth));
        }

        long count = (long)segment.KeyLength * kvWidth;
        float* keys = Scratch.Floats(ScratchUse.Cache, 2 * count), values = keys + count;
        threads.ForRanges(segment.KeyLength, Partition.RowGrain(kvWidth), (first, end) =>
        {
            for (int row = first; row < end; row++)
            {
                FloatConversion.ToSingle(k, start + ((long)row * kvWidth), new Span<float>(keys + ((long)row * kvWidth), kvWidth));
                FloatConversion.ToSingle(v, start + ((long)row * kvWidth), new Span<float>(values + ((long)row * kvWidth), kvWidth));
            }
        });
        return (Operand.Rows(keys, DType.F32, kvWidth), Operand.Columns(values, DType.F32, kvWidth));
    }

    /// <summary>One panel of queries, from <paramref name="first"/> of the segment on, against all keys that it sees.</summary>
    private static void Panel(
        Tensor o, Tensor? logSumExp, Tensor q, AttentionLayout layout, AttentionSegment segment, int head, int first, float* keyPanels, float* valuePanels)
    {
        int hd = layout.HeadDim, width = TTile.Columns, paddedHd = RoundUp(hd, TTile.Rows), rowWidth = layout.Heads * hd;
        int count = Math.Min(width, segment.QueryLength - first);
        int hidden = layout.Causal ? segment.KeyLength - segment.QueryLength : segment.KeyLength;
        int seen = Math.Min(segment.KeyLength, hidden + first + count);

        float* query = Scratch.Floats(ScratchUse.Own, (hd + paddedHd + BlockKeys + 3L) * width);
        float* sum = query + (hd * width), scores = sum + (paddedHd * width), max = scores + (BlockKeys * width);
        float* total = max + width, zeros = total + width;
        Operand queries = Operand.Rows(q.Pointer<float>() + ((long)(segment.QueryStart + first) * rowWidth) + (head * hd), DType.F32, rowWidth);
        new Span<float>(query, hd * width).Clear();
        MatMulPack.Panels(query, queries, 0, count, 0, hd, width);
        Multiply(query, hd * width, layout.Scale);
        new Span<float>(sum, paddedHd * width).Clear();
        new Span<float>(max, width).Fill(float.NegativeInfinity);
        new Span<float>(total, 2 * width).Clear();

        for (int key = 0; key < seen; key += BlockKeys)
        {
            int keys = Math.Min(BlockKeys, seen - key), packedDepth = Math.Min(BlockKeys, segment.KeyLength - key);
            for (int i = 0; i < keys; i += TTile.Rows)
            {
                TTile.Run(hd, keyPanels + ((long)(key + i) * hd), query, scores + (i * width), width, zeros, 0);
            }

            // query first + l sees keys up to hidden + first + l
            int masked = layout.Causal ? Math.Clamp(hidden + first + 1 - key, 0, keys) : keys;
            Mask(scores, masked, keys, hidden + first - key, width, float.NegativeInfinity);
            for (int lane = 0; lane < width; lane += TSimd.Width)
            {
                Softmax(scores + lane, keys, sum + lane, hd, max + lane, total + lane, width);
            }

            Mask(scores, masked, keys, hidden + first - key, width, 0f);
            for (int d = 0; d < hd; d += TTile.Rows)
            {
                float* tile = sum + (d * width);
                TTile.Run(keys, valuePanels + ((long)key * paddedHd) + ((long)d * packedDepth), scores, tile, width, tile, width);
            }
        }

        for (int lane = 0; lane < width; lane++)
        {
            if (logSumExp is not null && lane < count)
            {
                logSumExp.Pointer<float>()[((long)(segment.QueryStart + first + lane) * layout.Heads) + head] = max[lane] + MathF.Log(total[lane]);
            }

            total[lane] = 1f / total[lane];
        }

        for (int i = 0; i < hd * width; i += TSimd.Width)
        {
            TSimd.Store(sum + i, TSimd.Multiply(TSimd.Load(sum + i), TSimd.Load(total + (i % width))));
        }

        float* output = o.Pointer<float>() + ((long)(segment.QueryStart + first) * rowWidth) + (head * hd);
        Transpose.Lanes<ElementF32>(output, rowWidth, hd, (byte*)sum, width * sizeof(float), hd, count);
    }

    /// <summary>Rows <paramref name="from"/> to <paramref name="to"/> are keys that the first row - <paramref name="last"/> queries do not see.</summary>
    private static void Mask(float* scores, int from, int to, int last, int width, float value)
    {
        for (int row = from; row < to; row++)
        {
            new Span<float>(scores + (row * width), Math.Min(width, row - last)).Fill(value);
        }
    }

    /// <summary>One vector of queries: scores become e^(score - new maximum), what was summed before is scaled to the new maximum.</summary>
    private static void Softmax(float* scores, int keys, float* sum, int hd, float* max, float* total, int width)
    {
        TVector before = TSimd.Load(max), now = before;
        for (int row = 0; row < keys; row++)
        {
            now = TSimd.Max(now, TSimd.Load(scores + (row * width)));
        }

        TVector added = TSimd.Broadcast(0f);
        for (int row = 0; row < keys; row++)
        {
            TVector e = SimdMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(scores + (row * width)), now));
            added = TSimd.Add(added, e);
            TSimd.Store(scores + (row * width), e);
        }

        TVector factor = SimdMath.Exp<TSimd, TVector>(TSimd.Subtract(before, now));
        for (int d = 0; d < hd; d++)
        {
            TSimd.Store(sum + (d * width), TSimd.Multiply(TSimd.Load(sum + (d * width)), factor));
        }

        TSimd.Store(total, TSimd.MultiplyAdd(TSimd.Load(total), factor, added));
        TSimd.Store(max, now);
    }

    private static void Multiply(float* values, int count, float factor)
    {
        TVector f = TSimd.Broadcast(factor);
        for (int i = 0; i < count; i += TSimd.Width)
        {
            TSimd.Store(values + i, TSimd.Multiply(TSimd.Load(values + i), f));
        }
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
