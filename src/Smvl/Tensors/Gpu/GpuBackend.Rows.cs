namespace Smvl.Tensors.Gpu;

/// <summary>Between element types; rows and columns by index, and the gradient of a table.</summary>
public sealed partial class GpuBackend
{
    /// <summary>rows.comp's constant OPERATION.</summary>
    private enum RowMove : uint
    {
        Gather,
        Put,
        AddGathered,
        Columns,
    }

    /// <summary>The first row's place is data of the dispatch: what extends a cache by a token is the same commands for every token.</summary>
    public override void CopyRows(Tensor table, int first, Tensor rows)
    {
        Tensor place = table.Slice(first, rows.Shape.Rows);
        if (rows.Shape.Rows > FewRows || rows.Count == 0)
        {
            Copy(place, rows);
            return;
        }

        _ = Elements(table);
        uint start = (uint)((long)first * table.Shape.Width / table.DType.BlockSize());
        Convert(table, Constant<uint>([start]), place, rows);
    }

    /// <summary>To float32 from any type; from float32 to F16, BF16 or Q8_0.</summary>
    private void Convert(Tensor destination, Tensor source) => Convert(destination, 0, destination, source);

    /// <param name="table">what the start counts in</param>
    /// <param name="start">the address of the number of elements, or blocks, before the destination; 0: there are none</param>
    /// <param name="destination">the part of it that is written</param>
    /// <param name="source">as many elements</param>
    private void Convert(Tensor table, ulong start, Tensor destination, Tensor source)
    {
        if (source.DType == DType.F32 && destination.DType == DType.Q8_0)
        {
            long blocks = source.Count / DType.Q8_0.BlockSize();
            _ = Elements(source);
            DispatchElements(
                device.Kernel("quantize_q8_0", ElementThreads), new ConvertConstants(Address(table), Address(source), start, (uint)blocks), blocks,
                GpuUse.Write(destination), GpuUse.Read(source));
            return;
        }

        if (!destination.DType.IsFloat())
        {
            throw new NotSupportedException($"{source} copied to {destination}");
        }

        Kernel kernel = device.Kernel(
            "convert", ElementThreads, (uint)source.DType, source.Count % 4 == 0 && IsAligned(source) ? 1u : 0, (uint)destination.DType);
        var constants = new ConvertConstants(Address(table), Address(source), start, Elements(source));
        DispatchElements(kernel, constants, (source.Count + 3) / 4, GpuUse.Write(destination), GpuUse.Read(source));
    }

    public override void Gather(Tensor y, Tensor table, ReadOnlySpan<int> ids) => Move(RowMove.Gather, y, table, ids, table.Shape.Rows, table.Shape.Width);

    public override void AddGathered(Tensor x, Tensor table, ReadOnlySpan<int> ids) =>
        Move(RowMove.AddGathered, x, table, ids, table.Shape.Rows, table.Shape.Width);

    public override void PutRows(Tensor x, Tensor rows, ReadOnlySpan<int> index)
    {
        // workgroups put rows in no order: of those for one place only the last counts
        if (!IsAscending(index))
        {
            int[] sources = [.. LastPlaces(index)];
            if (sources.Length < index.Length)
            {
                using Tensor last = Allocate(sources.Length, x.Shape.Width);
                Gather(last, rows, sources);
                int[] places = new int[sources.Length];
                for (int i = 0; i < places.Length; i++)
                {
                    places[i] = index[sources[i]];
                }

                Move(RowMove.Put, x, last, places, x.Shape.Rows, x.Shape.Width);
                return;
            }
        }

        Move(RowMove.Put, x, rows, index, x.Shape.Rows, x.Shape.Width);
    }

    public override void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index)
    {
        CheckIds(index, x.Shape.Width);
        var constants = new RowsConstants(Address(y), Address(x), Constant(index), Rows(x), (uint)index.Length, (uint)x.Shape.Width);
        Kernel kernel = device.Kernel("rows", RowThreads(index.Length), (uint)DType.F32, 0, (uint)RowMove.Columns);
        DispatchRows(kernel, constants, index.IsEmpty ? 0 : x.Shape.Rows, GpuUse.Write(y), GpuUse.Read(x));
    }

    /// <summary>Rows of dy sorted by id, so that one workgroup adds all that belong to a row of the table, in order.</summary>
    public override void GatherBackward(Tensor dTable, Tensor dy, ReadOnlySpan<int> ids)
    {
        CheckIds(ids, dTable.Shape.Rows);
        if (ids.IsEmpty)
        {
            return;
        }

        int[] sorted = ids.ToArray(), taken = new int[ids.Length];
        for (int t = 0; t < taken.Length; t++)
        {
            taken[t] = t;
        }

        // stable: of equal ids the earlier row first
        Array.Sort(taken, (a, b) => sorted[a] != sorted[b] ? sorted[a].CompareTo(sorted[b]) : a.CompareTo(b));
        List<int> rows = [], starts = [];
        for (int i = 0; i < taken.Length; i++)
        {
            int id = sorted[taken[i]];
            if (rows.Count == 0 || rows[^1] != id)
            {
                rows.Add(id);
                starts.Add(i);
            }
        }

        starts.Add(taken.Length);
        _ = Elements(dTable);
        _ = Elements(dy);
        var constants = new GatherBackwardConstants(
            Address(dTable), Address(dy), Constant<int>(rows.ToArray()), Constant<int>(starts.ToArray()), Constant<int>(taken), (uint)rows.Count, (uint)dTable.Shape.Width);
        DispatchRows(device.Kernel("gather_backward", RowThreads(dTable.Shape.Width)), constants, rows.Count, GpuUse.Write(dTable), GpuUse.Read(dy));
    }

    private void Move(RowMove move, Tensor to, Tensor from, ReadOnlySpan<int> index, int indexed, int width)
    {
        CheckIds(index, indexed);
        _ = Elements(to);
        _ = Elements(from);

        bool quads = width % 4 == 0 && IsAligned(to) && IsAligned(from);
        var constants = new RowsConstants(Address(to), Address(from), index.IsEmpty ? 0 : Constant(index), (uint)index.Length, (uint)width, 0);
        Kernel kernel = device.Kernel("rows", RowThreads(width), (uint)from.DType, quads ? 1u : 0, (uint)move);
        DispatchRows(kernel, constants, index.Length, GpuUse.Write(to), GpuUse.Read(from));
    }

    private static bool IsAscending(ReadOnlySpan<int> index)
    {
        for (int i = 1; i < index.Length; i++)
        {
            if (index[i] <= index[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>For each number, where it occurs last.</summary>
    private static IEnumerable<int> LastPlaces(ReadOnlySpan<int> index)
    {
        Dictionary<int, int> last = [];
        for (int i = 0; i < index.Length; i++)
        {
            last[index[i]] = i;
        }

        return last.Values.Order();
    }

    private static void CheckIds(ReadOnlySpan<int> ids, int rows)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)rows)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), $"{id} of {rows}");
            }
        }
    }

    private readonly record struct ConvertConstants(ulong To, ulong From, ulong Start, uint Count);

    private readonly record struct RowsConstants(ulong Y, ulong X, ulong Index, uint Rows, uint Width, uint Source);

    private readonly record struct GatherBackwardConstants(ulong DTable, ulong Dy, ulong Ids, ulong Starts, ulong Taken, uint Rows, uint Width);
}
