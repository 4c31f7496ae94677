using Smvl.Tensors;
using Smvl.Tensors.Gpu;

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
        Gpu.CheckMessages();
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
        Gpu.CheckMessages();
    }

    /// <summary>Fills, copies, uploads and memory given back and out again, against the same on host bytes.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void WorkIsDoneAsIfInTheOrderOfTheCalls(bool unified, int seed)
    {
        const int Storages = 6, Bytes = 4096;
        using GpuDevice device = Gpu.Open(new GpuOptions { Unified = unified ? null : false, BatchCommands = 23 });
        Random random = new(seed);
        GpuStorage[] storages = [.. Enumerable.Range(0, Storages).Select(_ => device.Allocate(Bytes))];
        byte[][] expected = [.. Enumerable.Range(0, Storages).Select(_ => new byte[Bytes])];
        foreach (GpuStorage storage in storages)
        {
            device.Fill(storage, 0, Bytes, 0);
        }

        for (int i = 0; i < 600; i++)
        {
            int to = random.Next(Storages), from = (to + random.Next(1, Storages)) % Storages;
            int start = random.Next(Bytes / 4) * 4, length = random.Next(1, (Bytes - start) / 4 + 1) * 4, other = random.Next((Bytes - length) / 4 + 1) * 4;
            switch (random.Next(8))
            {
                case 0:
                    device.Fill(storages[to], start, length, (byte)i * 0x01010101u);
                    expected[to].AsSpan(start, length).Fill((byte)i);
                    break;
                case 1:
                    byte[] upload = new byte[length];
                    random.NextBytes(upload);
                    device.Upload(upload, storages[to], start);
                    upload.CopyTo(expected[to], start);
                    break;
                case 2:
                    // given back while its work is queued, and out again
                    storages[to].Release();
                    storages[to] = device.Allocate(Bytes);
                    device.Fill(storages[to], 0, Bytes, 0);
                    expected[to].AsSpan().Clear();
                    break;
                case 3 when i % 5 == 0:
                    byte[] back = new byte[length];
                    device.Download(storages[to], start, back);
                    Assert.Equal(expected[to][start..(start + length)], back);
                    break;
                default:
                    device.Copy(storages[to], other, storages[from], start, length);
                    expected[from].AsSpan(start, length).CopyTo(expected[to].AsSpan(other));
                    break;
            }
        }

        for (int i = 0; i < Storages; i++)
        {
            byte[] back = new byte[Bytes];
            device.Download(storages[i], 0, back);
            Assert.Equal(expected[i], back);
        }

        Gpu.CheckMessages();
    }

    [Fact]
    public void TheSameWorkAgainIsNotRecordedAgain()
    {
        using GpuDevice device = Gpu.Open();
        for (int step = 0; step < 5; step++)
        {
            GpuStorage a = device.Allocate(1000), b = device.Allocate(2000);
            device.Fill(a, 0, 1000, 7);
            device.Copy(b, 4, a, 0, 1000);
            a.Release();
            b.Release();
            device.Wait();
        }

        Assert.Equal((5UL, 4L), device.Batches);
        Gpu.CheckMessages();
    }

    [Fact]
    public void ALostDeviceSaysSoFromThenOn()
    {
        using GpuDevice device = Gpu.Open();
        GpuStorage storage = device.Allocate(64);
        device.Fill(storage, 0, 64, 1);
        device.Wait();
        device.Fill(storage, 0, 64, 2);
        device.Lose();
        Assert.Contains("lost", Assert.Throws<GpuLostException>(() => device.Wait()).Message);
        Assert.Throws<GpuLostException>(() => device.Download(storage, 0, new byte[64]));
    }

    private static GpuOptions? Options(bool unified) => unified ? null : new GpuOptions { Unified = false };
}
