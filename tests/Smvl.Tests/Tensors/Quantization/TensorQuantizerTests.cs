using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;
using Smvl.Tests.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Quantization;

public sealed class TensorQuantizerTests
{
    private static readonly DType[] Targets = [DType.F32, DType.F16, DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    /// <summary>Rows enough for several parts, and in F32 for several pieces.</summary>
    private static readonly Shape Large = new(2100, 512);

    [Fact]
    public void TheNumberOfThreadsChangesNoByte()
    {
        using Tensor source = KernelData.Random(1, DType.F32, Large.Dims);
        foreach (DType dtype in Targets)
        {
            byte[] one = Write(source, dtype, threads: 1);
            Assert.Equal(dtype.Bytes(source.Count), one.Length);
            Assert.Equal(one, Write(source, dtype, threads: 3));
        }
    }

    [Fact]
    public void HalfTypesAreReadAsTheirExactValues()
    {
        foreach (DType stored in new[] { DType.F16, DType.BF16 })
        {
            using Tensor narrow = KernelData.Random(1, stored, 5, 256);
            using Tensor wide = KernelData.Unwritten(narrow.Shape.Dims);
            FloatConversion.ToSingle(narrow, 0, wide.Span<float>());
            Assert.All(Targets, dtype => Assert.Equal(Write(wide, dtype), Write(narrow, dtype)));
        }
    }

    [Fact]
    public void RowsAreQuantizedOneBehindTheOther()
    {
        using Tensor source = KernelData.Random(1, DType.F32, 3, 512);
        byte[] expected = new byte[DType.Q4_K.Bytes(source.Count)];
        BlockFormat.Quantize(DType.Q4_K, source.Span<float>(), expected);
        Assert.Equal(expected, Write(source, DType.Q4_K));
    }

    [Theory]
    [InlineData(float.NaN, "m[700, 3]: weight is not finite (actual NaN); the checkpoint is damaged or its training diverged")]
    [InlineData(float.NegativeInfinity, "m[700, 3]: weight is not finite (actual infinity); the checkpoint is damaged or its training diverged")]
    [InlineData(1e30f, "m[700, 3]: too large for Q4_0 (expected at most 524032, actual 1e+30)")]
    public void AWeightThatNoBlockCanHoldIsRefusedByName(float weight, string message)
    {
        using Tensor source = KernelData.Random(1, DType.F32, Large.Dims);
        source.Span<float>()[(700 * Large.Width) + 3] = weight;
        source.Span<float>()[(2000 * Large.Width) + 1] = weight;
        Assert.Equal(message, Assert.Throws<SmvlException>(() => Write(source, DType.Q4_0, threads: 2)).Message);
    }

    [Theory]
    [InlineData(DType.Q8_0, 65504f * 127)]
    [InlineData(DType.Q4_0, 65504f * 8)]
    [InlineData(DType.Q4_K, 65504f * 63 / 2)]
    [InlineData(DType.Q6_K, 65504f * 32 * 128 / 2)]
    public void TheLargestWeightsAllowedStayFinite(DType dtype, float largest)
    {
        using Tensor source = KernelData.Random(1, DType.F32, 1, 256);
        foreach (ref float value in source.Span<float>())
        {
            value = MathF.CopySign(largest, value);
        }

        float[] values = new float[256];
        BlockFormat.Dequantize(dtype, Write(source, dtype), values);
        Assert.All(values, (value, i) => Assert.InRange(value / source.Span<float>()[i], 0.85f, 1.15f));
        source.Span<float>()[9] = largest * 1.01f;
        Assert.Throws<SmvlException>(() => Write(source, dtype));
    }

    [Fact]
    public void RowsThatBlocksDoNotFillAreRefused()
    {
        using Tensor source = KernelData.Random(1, DType.F32, 2, 96);
        Assert.Equal(
            "m: cannot be Q6_K (expected rows of a multiple of 256 elements, actual 96)",
            Assert.Throws<SmvlException>(() => Write(source, DType.Q6_K)).Message);
    }

    [Fact]
    public void ItStopsWhenCancelled()
    {
        using Tensor source = KernelData.Random(1, DType.F32, Large.Dims);
        using var quantizer = new TensorQuantizer(1);
        using var stream = new MemoryStream();
        Assert.Throws<OperationCanceledException>(() => quantizer.Write("m", source, DType.Q8_0, stream, new CancellationToken(canceled: true)));
        Assert.Equal(0, stream.Length);
    }

    private static byte[] Write(Tensor source, DType dtype, int threads = 1)
    {
        using var quantizer = new TensorQuantizer(threads);
        using var stream = new MemoryStream();
        quantizer.Write("m", source, dtype, stream);
        return stream.ToArray();
    }
}
