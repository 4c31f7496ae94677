using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Gpu.Checks;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Matrix products on the GPU beside what <see cref="OperationChecks"/> compare.</summary>
[Collection(GpuOperations.Name)]
public sealed class LinearTests(GpuPair pair)
{
    [Fact]
    public void AGroupGivesWhatItsWeightsGiveAlone()
    {
        using CheckTensors run = new(pair.Gpu);
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
        using CheckTensors run = new(pair.Gpu);
        List<float[][]> results = [];
        foreach (MatrixTile tile in pair.Gpu.MatrixTiles)
        {
            pair.Gpu.ForcedTile = tile;
            results.Add(Products(run));
        }

        pair.Gpu.ForcedTile = null;
        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Fact]
    public void ATileIsMeasuredOnceAndKept()
    {
        using TemporaryFolder folder = new();
        using CheckTensors run = new(pair.Gpu);
        float[][] expected = Products(run);
        pair.Gpu.MeasuredWork = 0;
        pair.Gpu.TileChoices = new MatrixTileChoices(folder["tiles"]);
        float[][] measured = Products(run), again = Products(run);
        (pair.Gpu.MeasuredWork, pair.Gpu.TileChoices) = (null, null);
        Assert.Equal(expected, measured);
        Assert.Equal(expected, again);
        Assert.Equal(
            ["BackwardInput F32 256 x 64 x 256", "BackwardWeight F32 256 x 64 x 256", "Forward F32 256 x 256 x 64"],
            File.ReadAllLines(folder["tiles"]).Select(line => line.Split(" = ")[0]));
    }

    /// <summary>Shaders count elements in 32 bits; memory of that size is not needed to be refused.</summary>
    [Theory, InlineData(DType.F32), InlineData(DType.BF16), InlineData(DType.Q8_0), InlineData(DType.Q4_K)]
    public void MatricesOfMoreElementsThanAShaderCountsAreRefused(DType dtype)
    {
        using CheckTensors run = new(pair.Gpu);
        const int outputs = 1 << 20, inputs = 2048;
        Tensor x = run.Random(1, 1, inputs), many = run.Random(1, 9, inputs), w = Claimed(dtype, outputs, inputs);
        Tensor y = Claimed(DType.F32, 1, outputs), ys = Claimed(DType.F32, 9, outputs), row = run.Unwritten(1, inputs);
        foreach (Action work in (Action[])[() => run.Backend.Linear(y, x, w, null), () => run.Backend.Linear(ys, many, w, null), () => run.Backend.Gather(row, w, [1])])
        {
            Assert.Equal(
                $"{dtype}[1048576, 2048]: tensor too large for a kernel of the GPU (expected at most 2147483647 elements, actual 2147483648); use --device cpu",
                Assert.Throws<SmvlException>(work).Message);
        }

        Tensor Claimed(DType type, int rows, int width)
        {
            Tensor little = run.Keep(run.Backend.Allocate(256));
            return new Tensor(little.Storage, 0, type, new Shape(rows, width), owner: false);
        }
    }

    // larger than every tile, and no multiple of one
    private static float[][] Products(CheckTensors run)
    {
        Tensor x = run.Random(1, 140, 44), w = run.Weight(2, DType.F32, 152, 44), y = run.Unwritten(140, 152);
        Tensor dx = run.Random(3, 140, 44), dw = run.Random(4, 152, 44), dy = run.Random(5, 140, 152);
        run.Backend.Linear(y, x, w, null);
        run.Backend.LinearBackwardInput(dx, dy, w, accumulate: true);
        run.Backend.LinearBackwardParameters(dw, null, dy, x);
        return [run.Floats(y), run.Floats(dx), run.Floats(dw)];
    }
}
