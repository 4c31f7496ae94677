using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Kernels as the driver compiled them, kept in a file so that later processes need no compilation. A file that is damaged or of another
/// device or driver is told in one line, not used, and replaced.
/// </summary>
internal sealed unsafe class PipelineCache : IDisposable
{
    private readonly LogicalDevice device;
    private readonly string? path;
    private readonly byte[] loaded;

    /// <param name="device">whose driver</param>
    /// <param name="path">of the file; null: nothing is kept</param>
    /// <param name="notice">gets the line</param>
    public PipelineCache(LogicalDevice device, string? path, Action<string>? notice)
    {
        this.device = device;
        this.path = path;
        string? refused = null;
        loaded = path is null ? [] : PipelineCacheFile.Read(path, device.Info.Identity, out refused);
        if (refused is not null)
        {
            notice?.Invoke($"{path} is not used: {refused}; the GPU's kernels are compiled again");
        }

        fixed (byte* data = loaded)
        {
            PipelineCacheCreateInfo info = new() { Type = StructureType.PipelineCacheCreateInfo, DataSize = (nuint)loaded.Length, Data = data };
            ulong created;
            device.Check(device.Functions.CreatePipelineCache(device.Handle, &info, null, &created), "make a cache of kernels");
            Handle = created;
        }
    }

    public ulong Handle { get; }

    /// <summary>Writes the file where there is something new.</summary>
    public void Dispose()
    {
        if (path is not null && Data() is { } data && !data.AsSpan().SequenceEqual(loaded))
        {
            GpuCacheFile.TryWrite(path, PipelineCacheFile.Bytes(data));
        }

        device.Functions.DestroyPipelineCache(device.Handle, Handle, null);
    }

    /// <summary>What the driver has now; null where it gives none, as when it is lost.</summary>
    private byte[]? Data()
    {
        nuint size = 0;
        if (device.Functions.GetPipelineCacheData(device.Handle, Handle, &size, null) != VulkanResult.Success)
        {
            return null;
        }

        byte[] data = new byte[size];
        fixed (byte* bytes = data)
        {
            return device.Functions.GetPipelineCacheData(device.Handle, Handle, &size, bytes) == VulkanResult.Success ? data[..(int)size] : null;
        }
    }
}
