using Smvl.Tensors;
using Smvl.Tensors.Gpu;

namespace Smvl.Tests.Tensors.Gpu;

public sealed class GpuMemoryTests
{
    private const long Mebi = 1 << 20;

    [Fact]
    public void StoragesAreAlignedAndApart()
    {
        using GpuDevice device = Gpu.Open(new GpuOptions { BlockBytes = 64 << 10 });
        GpuStorage[] storages = [.. Enumerable.Range(1, 40).Select(i => device.Allocate(i * 431 % 9000))];
        (ulong Start, ulong End)[] ranges = [.. storages.Select(storage => (storage.Address, storage.Address + (ulong)storage.ByteLength)).Order()];
        Assert.All(ranges, range => Assert.Equal(0UL, range.Start % 256));
        Assert.All(ranges.Zip(ranges.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start));
    }

    [Fact]
    public void WhatIsGivenBackGrowsTogetherAndIsGivenOutAgain()
    {
        using GpuDevice device = Gpu.Open(new GpuOptions { BlockBytes = Mebi });
        GpuStorage[] parts = [.. Enumerable.Range(0, 4).Select(_ => device.Allocate(Mebi / 4))];
        ulong start = parts.Min(part => part.Address);
        foreach (int i in (int[])[1, 3, 0, 2])
        {
            parts[i].Release();
        }

        Assert.Equal(0, device.UsedBytes.Now);
        GpuStorage whole = device.Allocate(Mebi);
        Assert.Equal(start, whole.Address);
        Assert.Equal(Mebi, device.UsedBytes.Most);
    }

    [Fact]
    public void TheSameRequestsGetTheSameAddresses()
    {
        using GpuDevice device = Gpu.Open();
        ulong[] Step()
        {
            List<GpuStorage> storages = [];
            for (int i = 0; i < 30; i++)
            {
                storages.Add(device.Allocate(1000 * (1 + (i * 7 % 11))));
                if (i % 3 == 2)
                {
                    storages[i / 2].Release();
                }
            }

            ulong[] addresses = [.. storages.Select(storage => storage.Address)];
            foreach ((int i, GpuStorage storage) in storages.Index())
            {
                if (!Enumerable.Range(0, 30).Any(j => j % 3 == 2 && j / 2 == i))
                {
                    storage.Release();
                }
            }

            return addresses;
        }

        ulong[] first = Step();
        Assert.Equal(first, Step());
        Assert.Equal(first, Step());
    }

    [Fact]
    public void TooLittleMemorySaysWhatIsThereByKindAndWhatLowersIt()
    {
        using GpuBackend backend = Gpu.Backend(new GpuOptions { MemoryBytes = 8 * Mebi, BlockBytes = Mebi });
        using Tensor weights = backend.Allocate(DType.F32, new Shape(Mebi / 4), MemoryPurpose.Weights);
        using Tensor moments = backend.Allocate(DType.F32, new Shape(3 * Mebi / 4), MemoryPurpose.OptimizerState);
        string message = Assert.Throws<SmvlException>(() => backend.Allocate(5 * Mebi / 4)).Message;
        Assert.Contains("does not suffice; needed: activations 5.24 MB, weights 1.05 MB, optimizer state 3.15 MB", message);
        Assert.Contains("gradient_checkpointing", message);

        // what was there is still there, and what fits is given
        using Tensor rest = backend.Allocate(DType.F32, new Shape(Mebi / 2), MemoryPurpose.OptimizerState);
        message = Assert.Throws<SmvlException>(() => backend.Allocate(DType.F32, new Shape(Mebi), MemoryPurpose.Gradients)).Message;
        Assert.Contains("gradients 4.19 MB", message);
        Assert.Contains("optim to adamw_8bit", message);
    }
}
