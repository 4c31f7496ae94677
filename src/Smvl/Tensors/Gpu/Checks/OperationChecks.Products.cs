namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Matrix products with weights of every type.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> Products()
    {
        foreach (DType dtype in (DType[])[DType.F32, DType.F16, DType.BF16])
        {
            foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(9, 7, 5), (33, 64, 48), (40, 101, 65), (37, 31, 1)])
            {
                yield return Product(dtype, rows, inputs, outputs);
            }

            foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(1, 1, 1), (1, 31, 9), (2, 64, 7), (3, 260, 10), (8, 64, 5)])
            {
                yield return FewRows(dtype, rows, inputs, outputs);
            }
        }

        foreach (DType dtype in (DType[])[DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K])
        {
            yield return ProductOfBlocks(dtype, 1);
            yield return ProductOfBlocks(dtype, 12);
        }

        yield return DeepProduct();
        yield return ProductOfEveryTile();
    }

    private static string ProductName(DType dtype, int rows, int inputs, int outputs) => $"{dtype}, {rows} rows of {inputs} by {outputs}";

    private static double ProductTolerance(params ReadOnlySpan<int> sizes)
    {
        int most = 0;
        foreach (int size in sizes)
        {
            most = Math.Max(most, size);
        }

        return 4e-6 * Math.Sqrt(most);
    }

    private static OperationCheck Product(DType dtype, int rows, int inputs, int outputs) =>
        new("products", ProductName(dtype, rows, inputs, outputs), 0, ProductTolerance(rows, inputs, outputs), run =>
        {
            Tensor x = run.Random(1, rows, inputs), dy = run.Random(2, rows, outputs), bias = run.Random(3, outputs);
            Tensor w = run.Weight(4, dtype, outputs, inputs);
            Tensor y = run.Unwritten(rows, outputs), plain = run.Unwritten(rows, outputs), dx = run.Unwritten(rows, inputs), sum = run.Random(5, rows, inputs);
            Tensor dw = run.Random(6, outputs, inputs), db = run.Random(7, outputs);
            run.Backend.Linear(y, x, w, bias);
            run.Backend.Linear(plain, x, w, null);
            run.Backend.LinearBackwardInput(dx, dy, w, accumulate: false);
            run.Backend.LinearBackwardInput(sum, dy, w, accumulate: true);
            run.Backend.LinearBackwardParameters(dw, db, dy, x);
            return [y, plain, dx, sum, dw, db];
        });

    private static OperationCheck FewRows(DType dtype, int rows, int inputs, int outputs) =>
        new("products", ProductName(dtype, rows, inputs, outputs), 0, ProductTolerance(rows, inputs, outputs), run =>
        {
            Tensor x = run.Random(1, rows, inputs), bias = run.Random(3, outputs), w = run.Weight(4, dtype, outputs, inputs);
            Tensor y = run.Unwritten(rows, outputs), plain = run.Unwritten(rows, outputs);
            run.Backend.Linear(y, x, w, bias);
            run.Backend.Linear(plain, x, w, null);
            return [y, plain];
        });

    private static OperationCheck ProductOfBlocks(DType dtype, int rows)
    {
        const int inputs = 512, outputs = 37;
        return new("products", ProductName(dtype, rows, inputs, outputs), 0, ProductTolerance(rows, inputs, outputs), run =>
        {
            Tensor w = run.WeightOfValues(1, dtype, outputs, inputs);
            Tensor x = run.Random(2, rows, inputs), y = run.Unwritten(rows, outputs), dx = run.Unwritten(rows, inputs), dy = run.Random(3, rows, outputs);
            run.Backend.Linear(y, x, w, null);
            run.Backend.LinearBackwardInput(dx, dy, w, accumulate: false);
            return [y, dx];
        });
    }

    /// <summary>Long sums of small products are shared out among workgroups.</summary>
    private static OperationCheck DeepProduct() =>
        new("products", "long sums", 0, ProductTolerance(2300), run =>
        {
            Tensor x = run.Random(1, 9, 2300), w = run.Weight(2, DType.F32, 20, 2300), bias = run.Random(3, 20), y = run.Unwritten(9, 20);
            Tensor dy = run.Random(4, 2300, 9), rows = run.Random(5, 2300, 20), dw = run.Random(6, 9, 20);
            run.Backend.Linear(y, x, w, bias);
            run.Backend.LinearBackwardParameters(dw, null, dy, rows);
            return [y, dw];
        });

    /// <summary>Larger than every tile, and no multiple of one.</summary>
    private static OperationCheck ProductOfEveryTile()
    {
        const int rows = 140, inputs = 44, outputs = 152;
        return new("products", "every tile", 0, ProductTolerance(rows, inputs, outputs), run =>
        {
            Tensor x = run.Random(1, rows, inputs), w = run.Weight(2, DType.BF16, outputs, inputs), dy = run.Random(3, rows, outputs);
            var gpu = run.Backend as GpuBackend;
            List<Tensor> results = [];
            try
            {
                foreach (MatrixTile tile in MatrixTile.All)
                {
                    if (gpu is not null)
                    {
                        gpu.ForcedTile = gpu.MatrixTiles.Contains(tile) ? tile : null;
                    }

                    Tensor y = run.Unwritten(rows, outputs), dx = run.Unwritten(rows, inputs), dw = run.Random(4, outputs, inputs);
                    run.Backend.Linear(y, x, w, null);
                    run.Backend.LinearBackwardInput(dx, dy, w, accumulate: false);
                    run.Backend.LinearBackwardParameters(dw, null, dy, x);
                    results.AddRange([y, dx, dw]);
                }
            }
            finally
            {
                if (gpu is not null)
                {
                    gpu.ForcedTile = null;
                }
            }

            return [.. results];
        });
    }
}
