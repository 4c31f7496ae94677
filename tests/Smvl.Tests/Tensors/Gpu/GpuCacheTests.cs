using System.Text;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>What is kept for a device: where, for whom, and what becomes of files that are not its.</summary>
public sealed class GpuCacheTests
{
    private static readonly GpuIdentity Identity = new(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), 7, 0x10DE, 0x2335, Guid.Parse("ffeeddcc-bbaa-9988-7766-554433221100"));

    [Fact]
    public void AFileIsOfADeviceItsDriverAndTheShaders()
    {
        GpuDeviceInfo card = Gpu.Info with { Name = "A card / 3000", Identity = Identity };
        string path = GpuCacheFile.PathOf("/caches", card, "tiles");
        Assert.Matches("^/caches/smvl/gpu/A-card---3000-00112233445566778899aabbccddeeff-00000007-[0-9a-f]{16}\\.tiles$", path);
        Assert.Equal(path, GpuCacheFile.PathOf("/caches", card, "tiles"));
        Assert.NotEqual(path, GpuCacheFile.PathOf("/caches", card with { Identity = Identity with { DriverVersion = 8 } }, "tiles"));
        Assert.NotEqual(path, GpuCacheFile.PathOf("/caches", card with { Identity = Identity with { Device = Guid.Empty } }, "tiles"));
    }

    [Fact]
    public void PipelinesAreReadAsTheyWereWritten()
    {
        using TemporaryFolder folder = new();
        byte[] data = [.. Header(Identity), 1, 2, 3];
        File.WriteAllBytes(folder["pipelines"], PipelineCacheFile.Bytes(data));
        Assert.Equal(data, PipelineCacheFile.Read(folder["pipelines"], Identity, out string? refused));
        Assert.Null(refused);
        Assert.Empty(PipelineCacheFile.Read(folder["none"], Identity, out refused));
        Assert.Null(refused);
    }

    [Fact]
    public void DamagedAndForeignPipelinesAreRefused()
    {
        using TemporaryFolder folder = new();
        byte[] whole = PipelineCacheFile.Bytes([.. Header(Identity), 1, 2, 3]);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x10;
            Assert.Equal("it is damaged", Refused(changed));
            Assert.Equal("it is damaged", Refused(whole[..i]));
        }

        Assert.Equal("it is of another device or driver", Refused(PipelineCacheFile.Bytes(Header(Identity with { Vendor = 1 }))));
        Assert.Equal("it is of another device or driver", Refused(PipelineCacheFile.Bytes(Header(Identity with { Model = 1 }))));
        Assert.Equal("it is of another device or driver", Refused(PipelineCacheFile.Bytes(Header(Identity with { PipelineCache = Guid.Empty }))));

        string? Refused(byte[] file)
        {
            File.WriteAllBytes(folder["pipelines"], file);
            Assert.Empty(PipelineCacheFile.Read(folder["pipelines"], Identity, out string? refused));
            return refused;
        }
    }

    [Fact]
    public void ADeviceKeepsItsPipelinesAndReplacesAFileThatIsNone()
    {
        using TemporaryFolder folder = new();
        List<string> notices = [];
        GpuOptions options = new() { CacheFolder = folder.Path, Notice = notices.Add };
        string path = GpuCacheFile.PathOf(folder.Path, Gpu.Info, "pipelines");
        Use(options);
        byte[] kept = File.ReadAllBytes(path);
        Assert.NotEmpty(PipelineCacheFile.Read(path, Gpu.Info.Identity, out _));
        Use(options);
        Assert.Empty(notices);

        File.WriteAllBytes(path, Encoding.UTF8.GetBytes("nonsense"));
        Use(options);
        Assert.Equal($"{path} is not used: it is damaged; the GPU's kernels are compiled again", Assert.Single(notices));
        Assert.Equal(kept.Length, File.ReadAllBytes(path).Length);
        Gpu.CheckMessages();
    }

    [Fact]
    public void WhatCannotBeWrittenIsDoneWithout()
    {
        using TemporaryFolder folder = new();
        folder.Write("file", "");
        List<string> notices = [];
        Use(new GpuOptions { CacheFolder = folder["file"], Notice = notices.Add });
        Assert.Empty(notices);
    }

    [Fact]
    public void ADeviceThatWasNeverMetIsCheckedOnce()
    {
        using TemporaryFolder folder = new();
        int checks = 0;
        string? Wrong(GpuDeviceInfo device) => ++checks < 3 ? "wrong" : null;
        Assert.Equal("wrong", GpuTrial.Failure(Gpu.Info, folder.Path, Wrong));
        Assert.Equal("wrong", GpuTrial.Failure(Gpu.Info, folder.Path, Wrong));
        Assert.Null(GpuTrial.Failure(Gpu.Info, folder.Path, Wrong));
        Assert.Null(GpuTrial.Failure(Gpu.Info, folder.Path, Wrong));
        Assert.Equal(3, checks);

        Assert.Equal("wrong", GpuTrial.Failure(Gpu.Info with { Identity = Identity }, folder.Path, _ => "wrong"));
    }

    [Fact]
    public void TheCheckPassesHere() => Assert.Null(GpuTrial.Check(Gpu.Info));

    [Fact]
    public void ADeviceThatCannotBeOpenedFailsTheCheck() =>
        Assert.Contains("it lacks everything", GpuTrial.Check(Gpu.Info with { Unusable = "it lacks everything" }), StringComparison.Ordinal);

    [Fact]
    public void AutoTakesARealGpuOnlyWhereTheCheckPasses()
    {
        GpuDeviceInfo real = Gpu.Info with { Name = "A card", Capabilities = Gpu.Info.Capabilities with { IsSoftware = false } };
        List<string> notices = [];
        BackendOptions options = new() { Notice = notices.Add };
        Assert.Same(real, Backends.Auto([real], false, options, _ => null));
        Assert.StartsWith($"computing on GPU {real.Index}: A card, ", notices[^1], StringComparison.Ordinal);
        Assert.Null(Backends.Auto([real], false, options, _ => "norms: 3 is 4"));
        Assert.Contains("computing on the CPU: GPU 0: A card, ", notices[^1], StringComparison.Ordinal);
        Assert.Contains(" fails its first check (norms: 3 is 4); smvl devices --check shows more", notices[^1], StringComparison.Ordinal);
        Assert.Equal(2, notices.Count);
        Assert.Null(Backends.Auto([real], false, options with { OnlyOnCpu = "no" }, _ => throw new InvalidOperationException("nobody needs it")));
    }

    // VkPipelineCacheHeaderVersionOne
    private static byte[] Header(GpuIdentity device) =>
    [
        .. BitConverter.GetBytes(32), .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(device.Vendor), .. BitConverter.GetBytes(device.Model),
        .. device.PipelineCache.ToByteArray(),
    ];

    private static void Use(GpuOptions options)
    {
        using GpuBackend backend = Gpu.Backend(options);
        using Tensor x = backend.Zeros(5), y = backend.Zeros(5);
        backend.Add(x, y);
        float[] values = new float[5];
        backend.Download<float>(x, values);
        Assert.Equal(new float[5], values);
    }
}
