using System.Diagnostics;
using System.Numerics.Tensors;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// The backward of <see cref="AttentionForward{TTile, TSimd, TVector}"/>; probabilities are computed again, block by block.
/// Here keys lie in the lanes: blocks of P and dS (queries, keys) are the right-hand panels of dVᵀ += dOᵀ · P and dKᵀ += Qᵀ · dS
/// as they come, and the left-hand rows of dQ += dS · K.
/// A task is one key/value head of one segment, with all query heads that share it in order: nothing is added by two threads.
/// </summary>
internal static unsafe class AttentionBackward<TTile, TSimd, TVector>
    where TTile : ITile
    where TSimd : ISimd<TVector>
    where TVector : unmanaged
{
    // queries per step, a multiple of every tile's rows: P and dS of a step stay near L1
    private const int BlockQueries = 144;

    // panels of keys that a block of queries meets while it is in L2
    private const int GroupPanels = 4;

    public static void Run(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        Debug.Assert(BlockQueries % TTile.Rows == 0, "query blocks of whole tiles");
        dk.Span<float>().Clear();
        dv.Span<float>().Clear();
        threads.For(layout.Segments.Count * layout.KeyValueHeads, part =>
        {
            AttentionSegment segment = layout.Segments[part / layout.KeyValueHeads];
            if (segment.QueryLength > 0)
            {
                new Task(segment, layout, part % layout.KeyValueHeads).Run(dq, dk, dv, dO, o, logSumExp, q, k, v);
            }
        });
    }

    /// <summary>The packed sides and sums of one task, carved from one scratch buffer.</summary>
    private ref struct Task
    {
        private readonly AttentionSegment segment;
        private readonly AttentionLayout layout;
        private readonly int kvHead, hd, rowWidth, kvWidth, tileHd, panelHd, queryBlocks, keyPanels;

        // of the key/value head: keys and values as panels of keys in lanes, keys as panels of head dimensions in lanes
        private readonly float* keyPanel, valuePanel, keyColumns;

        // of one query head: rows and columns of q and dO, the sum dQ, log-sum-exp and dO · o
        private readonly float* queryRows, dOutputRows, queryColumns, dOutputColumns, dQuery, logSum, delta;

        // of one step
        private readonly float* p, ds, dKeys, dValues, turned, zeros;

        public Task(AttentionSegment segment, AttentionLayout layout, int kvHead)
        {
            (this.segment, this.layout, this.kvHead) = (segment, layout, kvHead);
            int width = TTile.Columns;
            hd = layout.HeadDim;
            (rowWidth, kvWidth) = (layout.Heads * hd, layout.KeyValueHeads * hd);
            (tileHd, panelHd) = (RoundUp(hd, TTile.Rows), RoundUp(hd, width));
            queryBlocks = (segment.QueryLength + BlockQueries - 1) / BlockQueries;
            keyPanels = (segment.KeyLength + width - 1) / width;
            long queries = (long)queryBlocks * BlockQueries, keys = (long)keyPanels * width;
            long[] sizes =
            [
                keys * hd, keys * hd, keys * panelHd,
                queries * hd, queries * hd, queries * tileHd, queries * tileHd, queries * panelHd, queries, queries,
                BlockQueries * width, BlockQueries * width, GroupPanels * tileHd * width, GroupPanels * tileHd * width, width * hd, width,
            ];
            float* next = Scratch.Floats(ScratchUse.Own, sizes.Sum() + (16L * sizes.Length));
            keyPanel = Take(ref next, sizes[0]);
            valuePanel = Take(ref next, sizes[1]);
            keyColumns = Take(ref next, sizes[2]);
            queryRows = Take(ref next, sizes[3]);
            dOutputRows = Take(ref next, sizes[4]);
            queryColumns = Take(ref next, sizes[5]);
            dOutputColumns = Take(ref next, sizes[6]);
            dQuery = Take(ref next, sizes[7]);
            logSum = Take(ref next, sizes[8]);
            delta = Take(ref next, sizes[9]);
            p = Take(ref next, sizes[10]);
            ds = Take(ref next, sizes[11]);
            dKeys = Take(ref next, sizes[12]);
            dValues = Take(ref next, sizes[13]);
            turned = Take(ref next, sizes[14]);
            zeros = Take(ref next, sizes[15]);
            new Span<float>(zeros, width).Clear();
        }

        public readonly void Run(Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v)
        {
            PackKeys(k.Pointer<float>(), v.Pointer<float>());
            int group = layout.Heads / layout.KeyValueHeads;
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
            {
                PackQueries(q.Pointer<float>(), dO.Pointer<float>(), head);
                for (int i = 0; i < segment.QueryLength; i++)
                {
                    long row = segment.QueryStart + i;
                    logSum[i] = logSumExp.Pointer<float>()[(row * layout.Heads) + head];
                    long at = (row * rowWidth) + (head * hd);
                    delta[i] = TensorPrimitives.Dot(new ReadOnlySpan<float>(dO.Pointer<float>() + at, hd), new ReadOnlySpan<float>(o.Pointer<float>() + at, hd));
                }

                new Span<float>(dQuery, queryBlocks * BlockQueries * panelHd).Clear();
                for (int panel = 0; panel < keyPanels; panel += GroupPanels)
                {
                    KeyPanels(panel, Math.Min(GroupPanels, keyPanels - panel), dk.Pointer<float>(), dv.Pointer<float>());
                }

                for (int i = 0; i < segment.QueryLength; i++)
                {
                    float* destination = dq.Pointer<float>() + ((long)(segment.QueryStart + i) * rowWidth) + (head * hd);
                    TensorPrimitives.Multiply(new ReadOnlySpan<float>(dQuery + ((long)i * panelHd), hd), layout.Scale, new Span<float>(destination, hd));
                }
            }
        }

        private readonly void PackKeys(float* k, float* v)
        {
            int width = TTile.Columns, keys = segment.KeyLength;
            long start = (long)segment.KeyStart * kvWidth;
            MatMulPack.Panels(keyPanel, Operand.Rows(k + start, DType.F32, kvWidth), 0, keys, (long)kvHead * hd, hd, width);
            MatMulPack.Panels(valuePanel, Operand.Rows(v + start, DType.F32, kvWidth), 0, keys, (long)kvHead * hd, hd, width);
            for (int key = 0; key < keys; key += width)
            {
                MatMulPack.Panels(
                    keyColumns + ((long)key * panelHd), Operand.Columns(k + start, DType.F32, kvWidth), kvHead * hd, hd, key, Math.Min(width, keys - key), width);
            }
        }

        private readonly void PackQueries(float* q, float* dO, int head)
        {
            int height = TTile.Rows, queries = segment.QueryLength;
            long start = (long)segment.QueryStart * rowWidth;
            MatMulPack.Panels(queryRows, Operand.Rows(q + start, DType.F32, rowWidth), 0, queries, (long)head * hd, hd, height);
            MatMulPack.Panels(dOutputRows, Operand.Rows(dO + start, DType.F32, rowWidth), 0, queries, (long)head * hd, hd, height);
            for (int block = 0; block < queries; block += BlockQueries)
            {
                int count = Math.Min(BlockQueries, queries - block);
                long at = (long)block * tileHd;
                MatMulPack.Panels(queryColumns + at, Operand.Columns(q + start, DType.F32, rowWidth), head * hd, hd, block, count, height);
                MatMulPack.Panels(dOutputColumns + at, Operand.Columns(dO + start, DType.F32, rowWidth), head * hd, hd, block, count, height);
            }
        }

        /// <summary>All queries of the head against a few panels of keys: adds to dk, dv and dQuery.</summary>
        private readonly void KeyPanels(int first, int count, float* dk, float* dv)
        {
            int width = TTile.Columns, panelFloats = tileHd * width, hidden = segment.KeyLength - segment.QueryLength;
            new Span<float>(dKeys, count * panelFloats).Clear();
            new Span<float>(dValues, count * panelFloats).Clear();
            int firstQuery = layout.Causal ? Math.Max(0, (first * width) - hidden) : 0;
            for (int block = firstQuery / BlockQueries * BlockQueries; block < segment.QueryLength; block += BlockQueries)
            {
                for (int panel = 0; panel < count; panel++)
                {
                    Block(block, (first + panel) * width, dKeys + (panel * panelFloats), dValues + (panel * panelFloats));
                }
            }

            for (int panel = 0; panel < count; panel++)
            {
                AddTurned(dk, dKeys + (panel * panelFloats), (first + panel) * width, layout.Scale);
                AddTurned(dv, dValues + (panel * panelFloats), (first + panel) * width, 1f);
            }
        }

        /// <summary>A block of queries against one panel of keys.</summary>
        private readonly void Block(int block, int key, float* dKey, float* dValue)
        {
            int width = TTile.Columns, height = TTile.Rows, keys = Math.Min(width, segment.KeyLength - key);
            int hidden = segment.KeyLength - segment.QueryLength, count = Math.Min(BlockQueries, segment.QueryLength - block);
            int firstQuery = layout.Causal ? Math.Max(0, key - hidden - block) : 0, from = firstQuery / height * height;
            for (int i = from; i < count; i += height)
            {
                TTile.Run(hd, queryRows + ((long)(block + i) * hd), keyPanel + ((long)key * hd), p + (i * width), width, zeros, 0);
                TTile.Run(hd, dOutputRows + ((long)(block + i) * hd), valuePanel + ((long)key * hd), ds + (i * width), width, zeros, 0);
            }

            for (int i = from; i < count; i++)
            {
                int seen = layout.Causal ? Math.Clamp(hidden + block + i + 1 - key, 0, keys) : keys;
                Probabilities(p + (i * width), ds + (i * width), logSum[block + i], delta[block + i], seen);
            }

            for (int d = 0; d < hd && from < count; d += height)
            {
                long at = ((long)block * tileHd) + ((long)d * count) + (from * height);
                TTile.Run(count - from, dOutputColumns + at, p + (from * width), dValue + (d * width), width, dValue + (d * width), width);
                TTile.Run(count - from, queryColumns + at, ds + (from * width), dKey + (d * width), width, dKey + (d * width), width);
            }

            for (int i = from; i < count; i += height)
            {
                for (int d = 0; d < hd; d += width)
                {
                    float* tile = dQuery + ((long)(block + i) * panelHd) + d;
                    TTile.RunRows(keys, ds + (i * width), keyColumns + ((long)key * panelHd) + (d * keys), tile, panelHd, tile, panelHd);
                }
            }
        }

        /// <summary>
        /// One query: scores become p = e^(scale · s - logSumExp), dP becomes dS = p (dP - dO · o), both 0 from <paramref name="seen"/> on.
        /// The scale of dS is left for dq and dk as wholes.
        /// </summary>
        private readonly void Probabilities(float* row, float* dRow, float logSum, float delta, int seen)
        {
            TVector scale = TSimd.Broadcast(layout.Scale), shift = TSimd.Broadcast(-logSum), d = TSimd.Broadcast(delta);
            for (int lane = 0; lane < TTile.Columns; lane += TSimd.Width)
            {
                TVector e = SimdMath.Exp<TSimd, TVector>(TSimd.MultiplyAdd(TSimd.Load(row + lane), scale, shift));
                TSimd.Store(row + lane, e);
                TSimd.Store(dRow + lane, TSimd.Multiply(e, TSimd.Subtract(TSimd.Load(dRow + lane), d)));
            }

            for (int lane = seen; lane < TTile.Columns; lane++)
            {
                row[lane] = dRow[lane] = 0f;
            }
        }

        /// <summary>rows key .. of the key/value head += factor · sums (hd, keys).</summary>
        private readonly void AddTurned(float* rows, float* sums, int key, float factor)
        {
            int keys = Math.Min(TTile.Columns, segment.KeyLength - key);
            Transpose.Lanes<ElementF32>(turned, hd, hd, (byte*)sums, TTile.Columns * sizeof(float), hd, keys);
            for (int lane = 0; lane < keys; lane++)
            {
                Span<float> row = new(rows + ((long)(segment.KeyStart + key + lane) * kvWidth) + (kvHead * hd), hd);
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(turned + (lane * hd), hd), factor, row, row);
            }
        }

        private static float* Take(ref float* next, long count)
        {
            float* taken = next;
            next += (count + 15) / 16 * 16;
            return taken;
        }

        private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
    }
}
