using System.Numerics.Tensors;
using Smvl.Tensors.Quantization;

namespace Smvl.Tensors.Cpu;

/// <summary>Rows taken from a table by index, put back by index, and the gradient of taking.</summary>
internal static unsafe class Rows
{
    public static void Gather(CpuThreads threads, Tensor y, Tensor table, ReadOnlySpan<int> ids)
    {
        Check(ids, table.Shape.Rows);
        fixed (int* pinned = ids)
        {
            int* index = pinned;
            int width = table.Shape.Width;
            threads.ForRanges(ids.Length, Partition.RowGrain(width), (start, end) =>
            {
                for (int t = start; t < end; t++)
                {
                    if (table.Storage is PanelStorage panels)
                    {
                        Dequantize(panels, index[t], y.Row<float>(t));
                    }
                    else
                    {
                        FloatConversion.ToSingle(table, (long)index[t] * width, y.Row<float>(t));
                    }
                }
            });
        }
    }

    /// <summary>An id may occur more than once, so the columns are shared out, not the rows; rows are added in order.</summary>
    public static void GatherBackward(CpuThreads threads, Tensor dTable, Tensor dy, ReadOnlySpan<int> ids)
    {
        Check(ids, dTable.Shape.Rows);
        fixed (int* pinned = ids)
        {
            int* index = pinned;
            int count = ids.Length;
            threads.ForRanges(dTable.Shape.Width, Partition.ColumnGrain, (start, end) =>
            {
                for (int t = 0; t < count; t++)
                {
                    Span<float> row = dTable.Row<float>(index[t])[start..end];
                    TensorPrimitives.Add(row, dy.Row<float>(t)[start..end], row);
                }
            });
        }
    }

    public static void Put(Tensor x, Tensor rows, ReadOnlySpan<int> index)
    {
        for (int i = 0; i < index.Length; i++)
        {
            rows.Row<float>(i).CopyTo(x.Row<float>(index[i]));
        }
    }

    public static void GatherColumns(Tensor y, Tensor x, ReadOnlySpan<int> index)
    {
        Check(index, x.Shape.Width);
        for (int t = 0; t < x.Shape.Rows; t++)
        {
            Span<float> from = x.Row<float>(t), to = y.Row<float>(t);
            for (int i = 0; i < index.Length; i++)
            {
                to[i] = from[index[i]];
            }
        }
    }

    public static void AddGathered(CpuThreads threads, Tensor x, Tensor table, ReadOnlySpan<int> ids)
    {
        Check(ids, table.Shape.Rows);
        fixed (int* pinned = ids)
        {
            int* index = pinned;
            threads.ForRanges(ids.Length, Partition.RowGrain(table.Shape.Width), (start, end) =>
            {
                for (int t = start; t < end; t++)
                {
                    Span<float> row = x.Row<float>(t);
                    TensorPrimitives.Add(row, table.Row<float>(index[t]), row);
                }
            });
        }
    }

    private static void Dequantize(PanelStorage panels, int row, Span<float> values)
    {
        Span<byte> blocks = stackalloc byte[(int)panels.DType.Bytes(panels.Inputs)];
        panels.Unpack(row, blocks);
        BlockFormat.Dequantize(panels.DType, blocks, values);
    }

    private static void Check(ReadOnlySpan<int> ids, int rows)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)rows)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), $"{id} of {rows}");
            }
        }
    }
}
