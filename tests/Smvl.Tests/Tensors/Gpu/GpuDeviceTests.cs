using System.Runtime.InteropServices;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tests.Tensors.Gpu;

public sealed class GpuDeviceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UploadsComeBack(bool unified)
    {
        using GpuDevice device = Gpu.Open(Options(unified));
        byte[] bytes = [.. Enumerable.Range(0, 1003).Select(i => (byte)(i * 7))];
        GpuStorage storage = device.Allocate(2000), other = device.Allocate(2000);
        device.Upload(bytes, storage, 5);
        device.Copy(other, 900, storage, 5, bytes.Length);
        device.Fill(other, 904, 8, 0x01020304);
        var back = new byte[bytes.Length];
        device.Download(other, 900, back);
        byte[] expected = [.. bytes];
        for (int i = 4; i < 12; i++)
        {
            expected[i] = (byte)(4 - (i % 4));
        }

        Assert.Equal(expected, back);
        Assert.Empty(ValidationMessages.All);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AKernelComputesOnAViewOfMemory(bool unified)
    {
        using GpuBackend backend = Gpu.Backend(Options(unified));
        float[] values = [.. Enumerable.Range(0, 700).Select(i => (i - 350) * 0.37f)];
        using Tensor x = backend.Allocate(7, 100);
        using Tensor half = backend.Allocate(DType.F16, new Shape(7, 100));
        backend.Upload<float>(values, x);
        backend.Copy(half, x);
        var back = new Half[300];
        backend.Download(half.Slice(2, 3), back.AsSpan());
        Assert.Equal(values.Skip(200).Take(300).Select(value => (Half)value), back);
        Assert.Empty(ValidationMessages.All);
    }

    private static GpuOptions? Options(bool unified) => unified ? null : new GpuOptions { Unified = false };
}
