using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Quantization;
using Smvl.Tests.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Matrix products on the GPU against the CPU's.</summary>
[Collection(GpuOperations.Name)]
public sealed class LinearTests(GpuPair pair)
{
    public static TheoryData<DType> Types => [DType.F32, DType.F16, DType.BF16];

    public static TheoryData<DType> QuantizedTypes => [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    [Theory, MemberData(nameof(Types))]
    public void ProductsAreTheCpusForAwkwardSizes(DType dtype)
    {
        foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(9, 7, 5), (33, 64, 48), (40, 101, 65), (37, 31, 1)])
        {
            pair.Agree($"{dtype} T {rows} K {inputs} N {outputs}", 0, Tolerance(rows, inputs, outputs), run =>
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
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void FewRowsAreTheCpus(DType dtype)
    {
        foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(1, 1, 1), (1, 31, 9), (2, 64, 7), (3, 260, 10), (8, 64, 5)])
        {
            pair.Agree($"{dtype} T {rows} K {inputs} N {outputs}", 0, Tolerance(rows, inputs, outputs), run =>
            {
                Tensor x = run.Random(1, rows, inputs), bias = run.Random(3, outputs), w = run.Weight(4, dtype, outputs, inputs);
                Tensor y = run.Unwritten(rows, outputs), plain = run.Unwritten(rows, outputs);
                run.Backend.Linear(y, x, w, bias);
                run.Backend.Linear(plain, x, w, null);
                return [y, plain];
            });
        }
    }

    /// <summary>Long sums of small products are shared out among workgroups.</summary>
    [Fact]
    public void DepthIsSharedOut() =>
        pair.Agree("deep", 0, Tolerance(2300, 9, 20), run =>
        {
            Tensor x = run.Random(1, 9, 2300), w = run.Weight(2, DType.F32, 20, 2300), bias = run.Random(3, 20), y = run.Unwritten(9, 20);
            Tensor dy = run.Random(4, 2300, 9), rows = run.Random(5, 2300, 20), dw = run.Random(6, 9, 20);
            run.Backend.Linear(y, x, w, bias);
            run.Backend.LinearBackwardParameters(dw, null, dy, rows);
            return [y, dw];
        });

    /// <summary>Not the CPU's products, which are of rounded activations: those of the blocks' values.</summary>
    [Theory, MemberData(nameof(QuantizedTypes))]
    public void ProductsOfBlocksAreThoseOfTheirValues(DType dtype)
    {
        const int outputs = 37, inputs = 512;
        using Tensor values = KernelData.Random(1, DType.F32, outputs, inputs), blocks = GpuRun.Quantized(values, dtype);
        BlockFormat.Dequantize(dtype, blocks.Bytes(0, outputs * inputs), values.Span<float>());
        foreach (int rows in (int[])[1, 12])
        {
            pair.Agree($"{dtype} T {rows}", 0, Tolerance(rows, inputs, outputs), run =>
            {
                Tensor w = run.Backend.Import(run.Backend is GpuBackend ? blocks : values);
                Tensor x = run.Random(2, rows, inputs), y = run.Unwritten(rows, outputs), dx = run.Unwritten(rows, inputs), dy = run.Random(3, rows, outputs);
                run.Backend.Linear(y, x, w, null);
                run.Backend.LinearBackwardInput(dx, dy, w, accumulate: false);
                return [y, dx];
            });
        }
    }

    [Fact]
    public void AGroupGivesWhatItsWeightsGiveAlone()
    {
        using GpuRun run = new(pair.Gpu);
        Tensor x = run.Random(1, 1, 64), w = run.Weight(2, DType.Q8_0, 30, 64), v = run.Weight(3, DType.BF16, 7, 64);
        Tensor[] together = [run.Unwritten(1, 30), run.Unwritten(1, 7)], alone = [run.Unwritten(1, 30), run.Unwritten(1, 7)];
        run.Backend.LinearGroup(together, x, [w, v]);
        run.Backend.Linear(alone[0], x, w, null);
        run.Backend.Linear(alone[1], x, v, null);
        Assert.Equal(alone.Select(run.Floats), together.Select(run.Floats));
    }

    /// <summary>So that choosing one by measurement changes no result.</summary>
    [Fact]
    public void EveryTileGivesTheSameBits()
    {
        using GpuRun run = new(pair.Gpu);
        List<float[]> results = [];
        foreach (MatrixTile tile in MatrixTile.All)
        {
            pair.Gpu.ForcedTile = tile;
            results.Add(TileProduct(run));
        }

        pair.Gpu.ForcedTile = null;
        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Fact]
    public void ATileIsMeasuredOnceAndKept()
    {
        using TemporaryFolder folder = new();
        using GpuRun run = new(pair.Gpu);
        float[] expected = TileProduct(run);
        pair.Gpu.MeasuredWork = 0;
        pair.Gpu.TileChoices = new MatrixTileChoices(folder["tiles"]);
        float[] measured = TileProduct(run), again = TileProduct(run);
        (pair.Gpu.MeasuredWork, pair.Gpu.TileChoices) = (null, null);
        Assert.Equal(expected, measured);
        Assert.Equal(expected, again);
        Assert.StartsWith("Forward F32 256 x 256 x 64 = ", Assert.Single(File.ReadAllLines(folder["tiles"])), StringComparison.Ordinal);
    }

    // larger than every tile, and no multiple of one
    private static float[] TileProduct(GpuRun run)
    {
        Tensor x = run.Random(1, 140, 44), w = run.Weight(2, DType.F32, 152, 44), y = run.Unwritten(140, 152);
        run.Backend.Linear(y, x, w, null);
        return run.Floats(y);
    }

    private static double Tolerance(params ReadOnlySpan<int> sizes)
    {
        int most = 0;
        foreach (int size in sizes)
        {
            most = Math.Max(most, size);
        }

        return 4e-6 * Math.Sqrt(most);
    }
}
