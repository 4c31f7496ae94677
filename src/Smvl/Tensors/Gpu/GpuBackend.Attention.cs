using System.Numerics;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Attention without a matrix of scores. The rows of a tile are the queries of all heads that share keys and values; eight invocations
/// have a row.
/// </summary>
public sealed partial class GpuBackend
{
    private const uint RowLanes = 8;

    // keys that pass at once, in the forward and (keys or query rows) in the backward
    private const int ForwardBlock = 16, BackwardBlock = 8;

    // fewer tiles than this share out their keys, in parts of no less than the second number
    private const int BusyTiles = 256, KeyPart = 128, MostKeyParts = 32;

    public override void Attention(Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        (uint heads, uint group) = ((uint)layout.Heads, (uint)(layout.Heads / layout.KeyValueHeads));
        int longest = 0, mostRows = 0;
        foreach (AttentionSegment segment in layout.Segments)
        {
            longest = Math.Max(longest, segment.KeyLength);
            mostRows = Math.Max(mostRows, segment.QueryLength * (int)group);
        }

        if (mostRows == 0)
        {
            return;
        }

        _ = Elements(q);
        uint tileRows = TileRows("attention", layout, mostRows, 32, ForwardSharedBytes);
        uint[] tiles = Tiles(layout.Segments, segment => segment.QueryLength * (int)group, tileRows);
        int tileCount = tiles.Length / TileNumbers;

        // the number of parts depends on the layout alone, as it changes the rounding of sums; a power of two, so that a cache that grows by
        // a token at a time seldom has another
        int wanted = Math.Clamp(Math.Min(BusyTiles / (tileCount * layout.KeyValueHeads), longest / KeyPart), 1, MostKeyParts);
        int parts = (int)BitOperations.RoundUpToPowerOf2((uint)wanted + 1) / 2;
        bool quads = layout.HeadDim % 4 == 0 && IsAligned(o) && IsAligned(q) && IsAligned(k) && IsAligned(v);
        Kernel kernel = device.Kernel("attention", tileRows * RowLanes, (uint)k.DType, quads ? 1u : 0, tileRows, (uint)layout.HeadDim);
        uint queryRows = (uint)q.Shape.Rows * heads;
        using Tensor? outputs = parts > 1 ? Allocate(parts, queryRows, layout.HeadDim) : null;
        using Tensor? sums = parts > 1 ? Allocate(parts, queryRows, 2) : null;
        uint kept = parts > 1 ? 2u : logSumExp is null ? 0u : 1;
        var constants = new AttentionConstants(
            Address(outputs ?? o), Address(q), Address(k), Address(v), Address(sums ?? logSumExp), Constant<uint>(tiles), heads, group,
            layout.Causal ? 1u : 0, queryRows, kept, layout.Scale);
        List<GpuUse> uses = [GpuUse.Write(outputs ?? o), GpuUse.Read(q), GpuUse.Read(k), GpuUse.Read(v)];
        AddUse(uses, sums ?? logSumExp, writes: true);
        device.Dispatch(kernel, constants, (uint)tileCount, (uint)layout.KeyValueHeads, (uint)parts, [.. uses]);
        if (outputs is not null && sums is not null)
        {
            Combine(o, logSumExp, outputs, sums, layout, queryRows, (uint)parts);
        }
    }

    public override void AttentionBackward(
        Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        uint tileRows = TileRows("attention's gradient", layout, int.MaxValue, 16, BackwardSharedBytes);

        // keys outside every segment have no gradient
        Fill(dk, 0f);
        Fill(dv, 0f);
        int group = layout.Heads / layout.KeyValueHeads;
        AttentionSegment[] segments = [.. layout.Segments.Where(segment => segment.QueryLength > 0 && segment.KeyLength > 0)];
        if (segments.Length == 0)
        {
            return;
        }

        _ = Elements(q);
        _ = Elements(k);
        uint queryRows = (uint)q.Shape.Rows * (uint)layout.Heads;
        using Tensor delta = Allocate(queryRows);
        DispatchRows(
            device.Kernel("attention_delta", RowThreads(layout.HeadDim)), new DeltaConstants(Address(delta), Address(dO), Address(o), queryRows, (uint)layout.HeadDim),
            queryRows, GpuUse.Write(delta), GpuUse.Read(dO), GpuUse.Read(o));
        var work = new BackwardWork(dO, logSumExp, delta, q, k, v, layout, tileRows);
        Dispatch(work, dq, null, Tiles(segments, segment => segment.QueryLength * group, tileRows));

        // segments that share keys add to them one after the other
        IEnumerable<AttentionSegment[]> turns = ShareKeys(segments) ? segments.Select(segment => (AttentionSegment[])[segment]) : [segments];
        foreach (AttentionSegment[] turn in turns)
        {
            Dispatch(work, dk, dv, Tiles(turn, segment => segment.KeyLength, tileRows));
        }
    }

    private void Combine(Tensor o, Tensor? logSumExp, Tensor outputs, Tensor sums, AttentionLayout layout, uint queryRows, uint parts)
    {
        // rows outside every segment keep what they had: only whole tensors are combined, else segment by segment
        foreach (AttentionSegment segment in layout.Segments)
        {
            uint first = (uint)(segment.QueryStart * layout.Heads), rows = (uint)(segment.QueryLength * layout.Heads);
            var constants = new CombineConstants(
                Address(o), Address(logSumExp), Address(outputs), Address(sums), first, rows, (uint)layout.HeadDim, parts, queryRows, logSumExp is null ? 0u : 1);
            List<GpuUse> uses = [GpuUse.Write(o), GpuUse.Read(outputs), GpuUse.Read(sums)];
            AddUse(uses, logSumExp, writes: true);
            DispatchElements(device.Kernel("attention_combine", ElementThreads), constants, (long)rows * layout.HeadDim, [.. uses]);
        }
    }

    // into dq alone: tiles of queries; into dk and dv: tiles of keys
    private void Dispatch(in BackwardWork work, Tensor first, Tensor? second, uint[] tiles)
    {
        AttentionLayout layout = work.Layout;
        bool quads = layout.HeadDim % 4 == 0 && IsAligned(first) && (second is null || IsAligned(second))
            && IsAligned(work.Q) && IsAligned(work.K) && IsAligned(work.V) && IsAligned(work.DO);
        Kernel kernel = device.Kernel(
            "attention_backward", work.TileRows * RowLanes, (uint)DType.F32, quads ? 1u : 0, work.TileRows, (uint)layout.HeadDim, second is null ? 0u : 1);
        var constants = new AttentionBackwardConstants(
            Address(first), Address(second), Address(work.Q), Address(work.K), Address(work.V), Address(work.DO), Address(work.LogSumExp), Address(work.Delta),
            Constant<uint>(tiles), (uint)layout.Heads, (uint)(layout.Heads / layout.KeyValueHeads), layout.Causal ? 1u : 0, layout.Scale);
        List<GpuUse> uses =
        [
            GpuUse.Write(first), GpuUse.Read(work.Q), GpuUse.Read(work.K), GpuUse.Read(work.V), GpuUse.Read(work.DO),
            GpuUse.Read(work.LogSumExp), GpuUse.Read(work.Delta),
        ];
        AddUse(uses, second, writes: true);
        device.Dispatch(kernel, constants, (uint)(tiles.Length / TileNumbers), (uint)layout.KeyValueHeads, 1, [.. uses]);
    }

    /// <summary>Numbers of a tile in the shader's table.</summary>
    private const int TileNumbers = 5;

    /// <summary>Of each segment, its place and the first row of each tile; the last first, as they see the most keys and take longest.</summary>
    private static uint[] Tiles(IReadOnlyList<AttentionSegment> segments, Func<AttentionSegment, int> rows, uint tileRows)
    {
        List<uint> tiles = [];
        foreach (AttentionSegment segment in segments)
        {
            int count = (rows(segment) + (int)tileRows - 1) / (int)tileRows;
            for (int tile = count - 1; tile >= 0; tile--)
            {
                tiles.AddRange(
                    (uint)segment.QueryStart, (uint)segment.QueryLength, (uint)segment.KeyStart, (uint)segment.KeyLength, (uint)tile * tileRows);
            }
        }

        return [.. tiles];
    }

    private static bool ShareKeys(AttentionSegment[] segments)
    {
        AttentionSegment[] byKeys = [.. segments.OrderBy(segment => segment.KeyStart)];
        for (int i = 1; i < byKeys.Length; i++)
        {
            if (byKeys[i].KeyStart < byKeys[i - 1].KeyStart + byKeys[i - 1].KeyLength)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Bytes of rows of a head in shared memory, a quad more in each.</summary>
    private static long SharedBytes(long rows, int headDim) => 16 * rows * (((headDim + 3) / 4) + 1);

    private static long ForwardSharedBytes(long rows, int headDim) => SharedBytes(rows + ForwardBlock, headDim) + (8 * rows * (ForwardBlock + 1));

    private static long BackwardSharedBytes(long rows, int headDim) => (2 * SharedBytes(rows + BackwardBlock, headDim)) + (8 * rows * (BackwardBlock + 1));

    /// <summary>Rows of a tile: few where there are no more, or where wider heads leave no room for more.</summary>
    private uint TileRows(string what, AttentionLayout layout, int rows, uint most, Func<long, int, long> sharedBytes)
    {
        int shared = device.Capabilities.MaxSharedMemory;
        uint tileRows = rows <= 8 ? 8 : most;
        while (tileRows > 1 && sharedBytes(tileRows, layout.HeadDim) > shared)
        {
            tileRows /= 2;
        }

        if (sharedBytes(tileRows, layout.HeadDim) <= shared)
        {
            return tileRows;
        }

        int widest = layout.HeadDim;
        while (sharedBytes(1, widest) > shared)
        {
            widest--;
        }

        throw new SmvlException(
            "heads too wide for the memory that a workgroup of the GPU shares", what, $"at most {widest} ({shared} bytes)",
            $"{layout.HeadDim} ({sharedBytes(1, layout.HeadDim)} bytes)", "use --device cpu");
    }

    private readonly record struct BackwardWork(
        Tensor DO, Tensor LogSumExp, Tensor Delta, Tensor Q, Tensor K, Tensor V, AttentionLayout Layout, uint TileRows);

    private readonly record struct AttentionConstants(
        ulong O, ulong Q, ulong K, ulong V, ulong LogSumExp, ulong Tiles, uint Heads, uint Group, uint Causal, uint QueryRows, uint Kept, float Scale);

    private readonly record struct CombineConstants(
        ulong O, ulong LogSumExp, ulong Parts, ulong Sums, uint First, uint Rows, uint HeadDim, uint PartCount, uint QueryRows, uint Kept);

    private readonly record struct DeltaConstants(ulong Delta, ulong DO, ulong O, uint Rows, uint HeadDim);

    private readonly record struct AttentionBackwardConstants(
        ulong First, ulong Second, ulong Q, ulong K, ulong V, ulong DO, ulong LogSumExp, ulong Delta, ulong Tiles, uint Heads, uint Group, uint Causal, float Scale);
}
