using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// C (M, N) = A (M, depth) · B (depth, N) [+ bias (N)] [+ C], blocked for the caches around one <see cref="ITile"/>.
/// Of A a slab of at most <see cref="SlabFloats"/> is packed by all threads; then each task takes some columns, packs B for them
/// block of depth by block of depth into its own L2 and runs the tile over the slab. Slabs are as high as they can be, because B is
/// packed again for each.
/// An element of C is always the sum over the same blocks of <see cref="ITile.Depth"/> in the same order, whoever computes it:
/// the number of threads decides only how many columns a task has.
/// </summary>
internal static unsafe class MatMulBlocked<TTile>
    where TTile : ITile
{
    private const int SlabFloats = 2 << 20;
    private const int SlabRows = 2048;

    // rows of A (a block of depth wide) that a task's core keeps in L2 while its columns of B pass
    private const int BlockRows = 240;
    private const int MaxColumns = 256;

    // panels of A packed at once: where A's lanes are adjacent, a run of some cache lines from each row
    private const int PackPanels = 16;

    public static void Run(
        CpuThreads threads, float* c, long stride, int rows, int columns, long depth, in Operand a, in Operand b, float* bias, bool accumulate)
    {
        for (int row = 0, count; row < rows; row += count)
        {
            // slabs of about equal height, whole tiles
            int left = (rows - row + SlabRows - 1) / SlabRows;
            count = Math.Min(rows - row, RoundUp((rows - row + left - 1) / left, TTile.Rows));
            int slabDepth = Math.Max(1, SlabFloats / count / TTile.Depth) * TTile.Depth;
            for (long k = 0; k < depth || k == 0; k += slabDepth)
            {
                Slab(
                    threads, c + (row * stride), stride, row, count, columns, k, (int)Math.Min(slabDepth, depth - k), a, b,
                    k == 0 ? bias : null, accumulate || k > 0);
            }
        }
    }

    private static void Slab(
        CpuThreads threads, float* c, long stride, int row, int rows, int columns, long k, int depth,
        Operand a, Operand b, float* bias, bool accumulate)
    {
        int panels = (rows + TTile.Rows - 1) / TTile.Rows, paddedRows = panels * TTile.Rows;
        float* packed = Scratch.Floats(ScratchUse.Shared, (long)paddedRows * depth);
        int groups = (panels + PackPanels - 1) / PackPanels, blocks = (depth + TTile.Depth - 1) / TTile.Depth;
        threads.For(groups * blocks, part =>
        {
            int first = part % groups * PackPanels * TTile.Rows, block = part / groups * TTile.Depth;
            int blockDepth = Math.Min(TTile.Depth, depth - block);
            float* destination = packed + ((long)block * paddedRows) + ((long)first * blockDepth);
            MatMulPack.Panels(destination, a, row + first, Math.Min(PackPanels * TTile.Rows, rows - first), k + block, blockDepth, TTile.Rows);
        });

        int wish = (columns + (4 * threads.Count) - 1) / (4 * threads.Count);
        int task = Math.Clamp(RoundUp(wish, TTile.Columns), 2 * TTile.Columns, MaxColumns);
        threads.ForRanges(columns, task, (start, end) =>
        {
            float* own = Scratch.Floats(ScratchUse.Own, (RoundUp(end - start, TTile.Columns) * TTile.Depth) + (TTile.Columns * (TTile.Rows + 1)));
            float* zeros = own + (RoundUp(end - start, TTile.Columns) * TTile.Depth);
            new Span<float>(zeros, TTile.Columns).Clear();
            for (int block = 0; block < depth || block == 0; block += TTile.Depth)
            {
                int blockDepth = Math.Min(TTile.Depth, depth - block);
                MatMulPack.Panels(own, b, start, end - start, k + block, blockDepth, TTile.Columns);
                for (int i = 0; i < rows; i += BlockRows)
                {
                    Block(
                        c + (i * stride) + start, stride, packed + ((long)block * paddedRows) + ((long)i * blockDepth), own,
                        Math.Min(BlockRows, rows - i), end - start, blockDepth,
                        block == 0 && bias is not null ? bias + start : null, accumulate || block > 0, zeros);
                }
            }
        });
    }

    private static void Block(
        float* c, long stride, float* a, float* b, int rows, int columns, int depth, float* bias, bool accumulate, float* zeros)
    {
        int height = TTile.Rows, width = TTile.Columns;
        float* edge = zeros + width;
        for (int j = 0; j < columns; j += width)
        {
            for (int i = 0; i < rows; i += height)
            {
                float* tile = c + (i * stride) + j, panelA = a + ((long)i * depth), panelB = b + ((long)j * depth);
                Ahead(tile, stride);
                if (i + height > rows || j + width > columns)
                {
                    TTile.Run(depth, panelA, panelB, edge, width, zeros, 0);
                    AddEdge(tile, stride, edge, Math.Min(height, rows - i), Math.Min(width, columns - j), bias is null ? null : bias + j, accumulate);
                }
                else if (accumulate)
                {
                    TTile.Run(depth, panelA, panelB, tile, stride, tile, stride);
                }
                else
                {
                    TTile.Run(depth, panelA, panelB, tile, stride, bias is null ? zeros : bias + j, 0);
                }
            }
        }
    }

    // C is read when the tile is done: by then it has come from wherever it was
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(float* tile, long stride)
    {
        if (Sse.IsSupported)
        {
            for (int i = 0; i < TTile.Rows; i++, tile += stride)
            {
                Sse.Prefetch0(tile);
                Sse.Prefetch0(tile + TTile.Columns - 1);
            }
        }
    }

    /// <summary>The part of a tile that lies inside C.</summary>
    private static void AddEdge(float* c, long stride, float* edge, int rows, int columns, float* bias, bool accumulate)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                float start = accumulate ? c[(i * stride) + j] : bias is null ? 0f : bias[j];
                c[(i * stride) + j] = edge[(i * TTile.Columns) + j] + start;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
