namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Rows, columns, pictures and conversions: exactly the CPU's.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> RowMoves()
    {
        foreach (int width in (int[])[1, 70, 512])
        {
            yield return RowsByIndex(width);
        }

        foreach ((DType dtype, int width) in ((DType, int)[])
            [(DType.F16, 70), (DType.BF16, 64), (DType.Q8_0, 64), (DType.Q4_0, 96), (DType.Q4_K, 512), (DType.Q6_K, 512)])
        {
            yield return new("rows", $"of {dtype}", 0, 0, run =>
            {
                Tensor table = run.Weight(1, dtype, 9, width), rows = run.Unwritten(4, width);
                run.Backend.Gather(rows, table, [8, 0, 3, 3]);
                return [rows];
            });
        }
    }

    private static IEnumerable<OperationCheck> Conversions()
    {
        foreach (DType dtype in (DType[])[DType.F16, DType.BF16])
        {
            // normal, subnormal and too large halves, and an odd number of them
            yield return new("conversions", $"to {dtype}", 0, 0, run =>
            {
                float[] values = [.. CheckTensors.Normal(1, 1001).Select((value, i) => value * MathF.Pow(10, (i % 15) - 9)), float.PositiveInfinity, 65520f];
                return [run.As(dtype, run.Put(values, values.Length))];
            });
        }

        yield return new("conversions", "to Q8_0", 1e-7, 0, run => [run.As(DType.Q8_0, run.Random(1, 5, 96)), run.As(DType.Q8_0, run.Put(new float[64], 64))]);
    }

    private static IEnumerable<OperationCheck> Pictures()
    {
        foreach ((int size, int patch) in ((int, int)[])[(4, 2), (9, 3)])
        {
            yield return new("pictures", $"{size} by {patch}", 0, 0, run =>
            {
                int count = 2 * 3 * size * size;
                Tensor tiles = run.Keep(run.Backend.Allocate(DType.U8, new Shape(3, 3, size, size)));
                run.Backend.Upload<byte>([.. Enumerable.Range(0, count * 3 / 2).Select(i => (byte)(i * 7))], tiles);
                int grid = size / patch;
                Tensor fromBytes = run.Unwritten(2 * grid * grid, 3 * patch * patch), fromFloats = run.Unwritten(2 * grid * grid, 3 * patch * patch);

                // of an odd size the second tile begins anywhere
                run.Backend.Patches(fromBytes, tiles.Slice(1, 2), patch, [1f / 255, 2f, 3f], [0.1f, -1f, 1f]);
                run.Backend.Patches(fromFloats, run.Random(1, 2, 3, size, size), patch, [1f, 2f, 3f], [0f, -1f, 1f]);

                Tensor x = run.Random(2, 2 * 4 * 6, 3), y = run.Unwritten(2 * 2 * 3, 12), dx = run.Unwritten(2 * 4 * 6, 3);
                run.Backend.PixelShuffle(y, x, gridWidth: 6, gridHeight: 4, factor: 2);
                run.Backend.PixelShuffleBackward(dx, y, gridWidth: 6, gridHeight: 4, factor: 2);
                return [fromBytes, fromFloats, y, dx];
            });
        }
    }

    private static OperationCheck RowsByIndex(int width)
    {
        int[] ids = [3, 0, 3, 1, 4, 3], places = [9, 2, 5, 2, 0, 7], columns = [0, width - 1, width / 2];
        return new("rows", $"{width} wide", 0, 0, run =>
        {
            Tensor table = run.Random(1, 5, width), rows = run.Random(2, 6, width), gathered = run.Unwritten(6, width), added = run.Random(3, 6, width);
            Tensor put = run.Random(4, 10, width), chosen = run.Unwritten(6, 3), dTable = run.Random(5, 5, width), ascending = run.Random(6, 10, width);
            run.Backend.Gather(gathered, table, ids);
            run.Backend.AddGathered(added, table, ids);
            run.Backend.PutRows(put, rows, places);
            run.Backend.PutRows(ascending, rows, [0, 2, 3, 4, 8, 9]);
            run.Backend.GatherColumns(chosen, rows, columns);
            run.Backend.GatherBackward(dTable, rows, ids);
            return [gathered, added, put, ascending, chosen, dTable];
        });
    }
}
