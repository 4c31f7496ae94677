using System.Runtime.Intrinsics;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Products with quantized weights, against the scalar reference on the blocks as GGUF has them.</summary>
public sealed unsafe class MatMulQuantizedTests
{
    public static TheoryData<DType> Types => [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    public static TheoryData<DType, int, int, int> Shapes()
    {
        var shapes = new TheoryData<DType, int, int, int>();
        foreach (DType dtype in (DType[])[DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K])
        {
            foreach ((int rows, int outputs, int blocks) in ((int, int, int)[])[(1, 8, 1), (1, 37, 3), (3, 9, 2), (4, 200, 1), (7, 1, 2), (9, 8, 2), (12, 100, 3), (66, 17, 1), (131, 65, 2)])
            {
                shapes.Add(dtype, rows, outputs, blocks * dtype.BlockSize());
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ProductsAreTheReferences(DType dtype, int rows, int outputs, int inputs)
    {
        using CpuBackend backend = new(2);
        using Tensor blocks = Blocks(dtype, outputs, inputs), weight = backend.Import(blocks);
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs), bias = KernelData.Random(3, DType.F32, outputs);
        using Tensor expected = KernelData.Unwritten(rows, outputs), actual = KernelData.Unwritten(rows, outputs);
        MatMulQuantizedReference.Linear(expected, x, blocks, bias);

        backend.Linear(actual, x, weight, bias);

        AssertClose(expected, actual, inputs);
    }

    /// <summary>Where the machine has wider registers, the narrower ones are another path.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void EveryRegisterWidthGivesTheReferencesProducts(DType dtype)
    {
        const int rows = 5, outputs = 20;
        int inputs = 2 * dtype.BlockSize();
        using CpuThreads threads = new(1);
        using Tensor blocks = Blocks(dtype, outputs, inputs), weight = PanelStorage.Pack(threads, new PanelMemory(), blocks);
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs);
        using Tensor expected = KernelData.Unwritten(rows, outputs), narrow = KernelData.Unwritten(rows, outputs);
        MatMulQuantizedReference.Linear(expected, x, blocks, null);
        MatMulQuantized.Linear<ByteLanes256, Vector256<byte>>(threads, [narrow], x, [weight], null);
        AssertClose(expected, narrow, inputs);
        if (ByteLanes512.IsSupported)
        {
            using Tensor wide = KernelData.Unwritten(rows, outputs);
            MatMulQuantized.Linear<ByteLanes512, Vector512<byte>>(threads, [wide], x, [weight], null);
            AssertClose(expected, wide, inputs);
        }

        if (!MatMulNibbles.Takes(dtype))
        {
            return;
        }

        using Tensor narrowMany = KernelData.Unwritten(rows, outputs);
        MatMulNibbles.Linear<QuadLanes256, Vector256<byte>>(threads, [narrowMany], x, [weight], null);
        AssertClose(expected, narrowMany, inputs);
        if (QuadLanes512.IsSupported)
        {
            using Tensor wideMany = KernelData.Unwritten(rows, outputs);
            MatMulNibbles.Linear<QuadLanes512, Vector512<byte>>(threads, [wideMany], x, [weight], null);
            AssertClose(expected, wideMany, inputs);
        }
    }

    /// <summary>A few rows against one at a time, and many against some fewer, which end in the middle of a tile.</summary>
    [Theory]
    [InlineData(DType.Q8_0, 70, 1)]
    [InlineData(DType.Q6_K, 70, 1)]
    [InlineData(DType.Q4_0, 8, 1)]
    [InlineData(DType.Q4_0, 70, 11)]
    [InlineData(DType.Q4_K, 8, 1)]
    [InlineData(DType.Q4_K, 70, 11)]
    public void ARowHasOneResultWhateverItsNeighboursAndTheThreads(DType dtype, int rows, int fewer)
    {
        const int outputs = 300;
        int inputs = 2 * dtype.BlockSize();
        using CpuBackend one = new(1), three = new(3);
        using Tensor blocks = Blocks(dtype, outputs, inputs), weight = one.Import(blocks);
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs);
        using Tensor together = KernelData.Unwritten(rows, outputs), apart = KernelData.Unwritten(rows, outputs);

        three.Linear(together, x, weight, null);
        for (int t = 0; t < rows; t += fewer)
        {
            // the last ones overlap those before
            int start = Math.Min(t, rows - fewer);
            one.Linear(apart.Slice(start, fewer), x.Slice(start, fewer), weight, null);
        }

        Assert.Equal(apart.Span<float>(), together.Span<float>());
    }

    /// <summary>More rows than become bytes at once.</summary>
    [Fact]
    public void SlabsOfRowsMeet()
    {
        const int rows = 1400, outputs = 5, inputs = 3072;
        using CpuBackend one = new(1), three = new(3);
        using Tensor blocks = Blocks(DType.Q4_0, outputs, inputs), weight = one.Import(blocks);
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs), bias = KernelData.Random(3, DType.F32, outputs);
        using Tensor together = KernelData.Unwritten(rows, outputs), apart = KernelData.Unwritten(rows, outputs);

        three.Linear(together, x, weight, bias);
        one.Linear(apart.Slice(0, 1100), x.Slice(0, 1100), weight, bias);
        one.Linear(apart.Slice(1100, 300), x.Slice(1100, 300), weight, bias);

        Assert.Equal(apart.Span<float>(), together.Span<float>());
    }

    /// <summary>Few rows that are multiplied together, many that are not, and a group of which one weight is no quantized one.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(5, false)]
    [InlineData(300, false)]
    [InlineData(1, true)]
    public void AGroupGivesWhatItsWeightsGiveAlone(int rows, bool mixed)
    {
        const int inputs = 512;
        using CpuBackend one = new(1), three = new(3);
        using Tensor q4 = Blocks(DType.Q4_0, 333, inputs), q6 = Blocks(DType.Q6_K, 21, inputs), q8 = Blocks(DType.Q8_0, 150, inputs);
        Tensor[] weights = [one.Import(q4), mixed ? KernelData.Random(4, DType.BF16, 40, inputs) : one.Import(q6), one.Import(q8)];
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs);
        Tensor[] together = [.. weights.Select(weight => KernelData.Unwritten(rows, weight.Shape.Rows))];

        three.LinearGroup(together, x, weights);

        for (int i = 0; i < weights.Length; i++)
        {
            using Tensor weight = weights[i], grouped = together[i], alone = KernelData.Unwritten(rows, weight.Shape.Rows);
            one.Linear(alone, x, weight, null);
            Assert.Equal(alone.Span<float>(), grouped.Span<float>());
        }
    }

    /// <summary>Many rows of x are rounded to bytes for half bytes only: other weights are widened instead, whoever multiplies.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void ProductsOfManyRowsAreThoseOfTheBlocksValues(DType dtype)
    {
        const int rows = 300, outputs = 93, inputs = 768;
        using CpuBackend one = new(1), three = new(3);
        using Tensor blocks = Blocks(dtype, outputs, inputs), weight = one.Import(blocks), values = KernelData.Unwritten(outputs, inputs);
        using Tensor x = KernelData.Random(2, DType.F32, rows, inputs), bias = KernelData.Random(3, DType.F32, outputs);
        using Tensor expected = KernelData.Unwritten(rows, outputs), actual = KernelData.Unwritten(rows, outputs);
        BlockFormat.Dequantize(dtype, Bytes(blocks), values.Span<float>());
        one.Linear(expected, x, values, bias);

        three.Linear(actual, x, weight, bias);

        bool widened = Vector128.IsHardwareAccelerated && !(MatMulNibbles.IsSupported && MatMulNibbles.Takes(dtype));
        Assert.Equal(widened, expected.Span<float>().SequenceEqual(actual.Span<float>()));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RowsOfAPackedTableAreTheBlocksValues(DType dtype)
    {
        const int outputs = 21;
        int inputs = 3 * dtype.BlockSize();
        using CpuBackend backend = new(2);
        using Tensor blocks = Blocks(dtype, outputs, inputs), table = backend.Import(blocks), rows = KernelData.Unwritten(outputs, inputs);
        float[] expected = new float[outputs * inputs];
        BlockFormat.Dequantize(dtype, Bytes(blocks), expected);

        backend.Gather(rows, table, [.. Enumerable.Range(0, outputs)]);

        Assert.Equal(expected, rows.Span<float>());
    }

    [Fact]
    public void ActivationsThatAreNoNumbersGiveNone()
    {
        using CpuBackend backend = new(1);
        using Tensor blocks = Blocks(DType.Q4_0, 8, 64), weight = backend.Import(blocks);
        using Tensor x = KernelData.Random(2, DType.F32, 2, 64), y = KernelData.Unwritten(2, 8);
        x.Row<float>(0)[40] = float.NaN;
        x.Row<float>(1)[3] = float.PositiveInfinity;

        backend.Linear(y, x, weight, null);

        Assert.All(y.Span<float>().ToArray(), value => Assert.True(float.IsNaN(value)));
    }

    /// <summary>Sums of bytes are kept in 16 bits on the way: every bit set and none, with activations at both ends of a byte.</summary>
    [Theory]
    [InlineData(DType.Q8_0, 5, 0)]
    [InlineData(DType.Q4_0, 5, 0)]
    [InlineData(DType.Q4_0, 17, 0)]
    [InlineData(DType.Q4_K, 5, 0, 2)]
    [InlineData(DType.Q4_K, 17, 0, 2)]
    [InlineData(DType.Q6_K, 5, 208)]
    public void TheLargestSumsFit(DType dtype, int rows, params int[] scalesAt)
    {
        const int outputs = 16;
        int inputs = 2 * dtype.BlockSize(), blockBytes = dtype.BlockBytes();
        using CpuBackend backend = new(1);
        using Tensor blocks = KernelData.Empty(dtype, outputs, inputs), x = KernelData.Unwritten(rows, inputs);
        for (int at = 0; at < blocks.ByteLength; at += blockBytes)
        {
            Span<byte> block = Bytes(blocks).Slice(at, blockBytes);
            block.Fill((byte)(at / blockBytes % 3 == 0 ? 0 : 0xFF));
            foreach (int scale in scalesAt)
            {
                BitConverter.TryWriteBytes(block[scale..], (Half)0.0009765625f);
            }
        }

        if (dtype == DType.Q6_K)
        {
            for (int at = 0; at < blocks.ByteLength; at += blockBytes)
            {
                Bytes(blocks).Slice(at + 192, 16).Fill((byte)(at / blockBytes % 2 == 0 ? 127 : 128));
            }
        }

        for (int t = 0; t < rows; t++)
        {
            for (int i = 0; i < inputs; i++)
            {
                x.Row<float>(t)[i] = t == 0 || (t > 1 && (i / t) % 2 == 0) ? 1f : -1f;
            }
        }

        using Tensor expected = KernelData.Unwritten(rows, outputs), actual = KernelData.Unwritten(rows, outputs), weight = backend.Import(blocks);
        MatMulQuantizedReference.Linear(expected, x, blocks, null);

        backend.Linear(actual, x, weight, null);

        // a product is at most 127 · 128 / 1024
        KernelData.Close(KernelData.Doubles(expected), actual, 16e-6 * inputs, $"{dtype}");
    }

    private static Tensor Blocks(DType dtype, int rows, int inputs)
    {
        using Tensor values = KernelData.Random(1, DType.F32, rows, inputs);
        Tensor blocks = KernelData.Empty(dtype, rows, inputs);
        BlockFormat.Quantize(dtype, values.Span<float>(), Bytes(blocks));
        return blocks;
    }

    private static Span<byte> Bytes(Tensor blocks) => new(blocks.Origin(), checked((int)blocks.ByteLength));

    // sums of integers are exact: what differs is the F32 rounding of some products for every 32 inputs
    private static void AssertClose(Tensor expected, Tensor actual, int inputs) =>
        KernelData.Close(KernelData.Doubles(expected), actual, 2e-6 * inputs, $"{inputs} inputs");
}
