using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Copies between types are bit for bit the CPU's.</summary>
public sealed class GpuCopyTests
{
    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void EveryHalfWidensExactly(DType dtype)
    {
        ushort[] bits = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];
        Assert.Equal(Widened(new CpuBackend(1), dtype, bits), Widened(Gpu.Shared(), dtype, bits));
        Gpu.CheckMessages();
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void FloatsAreRoundedToNearestEven(DType dtype)
    {
        // neighbours of every half, ties, subnormals, infinities and NaN among them, and random bits
        Random random = new(1);
        List<uint> bits = [.. Enumerable.Range(0, 4000).Select(_ => (uint)random.NextInt64(1L << 32))];
        for (int i = 0; i < 1 << 16; i += 3)
        {
            uint middle = dtype == DType.BF16 ? (uint)i << 16 : BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i));
            uint half = dtype == DType.BF16 ? 0x8000u : 0x1000u;
            bits.AddRange([middle, middle + half, middle + half - 1, middle + half + 1]);
        }

        float[] values = [.. bits.Select(BitConverter.UInt32BitsToSingle)];
        Assert.Equal(Narrowed(new CpuBackend(1), dtype, values), Narrowed(Gpu.Shared(), dtype, values));
        Gpu.CheckMessages();
    }

    [Fact]
    public void BlocksOfQ8AreThoseOfTheCpu()
    {
        Random random = new(2);
        float[] values = [.. Enumerable.Range(0, 32 * 999).Select(i => (float)((random.NextDouble() - 0.5) * Math.Pow(10, (i / 32 % 12) - 6)))];
        values.AsSpan(64, 32).Clear();
        byte[] Quantized(Backend backend)
        {
            using Backend owned = backend;
            using Tensor x = backend.Allocate(999, 32);
            using Tensor blocks = backend.Allocate(DType.Q8_0, new Shape(999, 32));
            backend.Upload<float>(values, x);
            backend.Copy(blocks, x);
            using MemoryStream stream = new();
            HostBytes.CopyTo(blocks, stream);
            return stream.ToArray();
        }

        Assert.Equal(Quantized(new CpuBackend(1)), Quantized(Gpu.Shared()));
        Gpu.CheckMessages();
    }

    private static uint[] Widened(Backend backend, DType dtype, ushort[] bits)
    {
        using Backend owned = backend;
        using Tensor narrow = backend.Allocate(dtype, new Shape(bits.Length));
        using Tensor wide = backend.Allocate(bits.Length);
        backend.Upload<ushort>(bits, narrow);
        backend.Copy(wide, narrow);
        var values = new float[bits.Length];
        backend.Download(wide, values.AsSpan());
        return [.. values.Select(BitConverter.SingleToUInt32Bits)];
    }

    private static ushort[] Narrowed(Backend backend, DType dtype, float[] values)
    {
        using Backend owned = backend;
        using Tensor wide = backend.Allocate(values.Length);
        using Tensor narrow = backend.Allocate(dtype, new Shape(values.Length));
        backend.Upload<float>(values, wide);
        backend.Copy(narrow, wide);
        var bits = new ushort[values.Length];
        backend.Download(narrow, bits.AsSpan());
        return bits;
    }
}
