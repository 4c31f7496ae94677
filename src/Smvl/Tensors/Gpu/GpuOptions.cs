using Smvl.Hubs;

namespace Smvl.Tensors.Gpu;

/// <summary>How a device is used where that is a choice; the defaults are for everything but tests and measurements.</summary>
internal sealed record GpuOptions
{
    /// <summary>Whether to read and write the device's memory from the host without copies; default: where it is the host's.</summary>
    public bool? Unified { get; init; }

    /// <summary>Bytes to ask the driver for at once; default: by the kind of device.</summary>
    public long? BlockBytes { get; init; }

    /// <summary>The most bytes to ask the driver for in all; default: what it has.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The most bytes that a workgroup shares; default: what the device has.</summary>
    public int? SharedMemory { get; init; }

    /// <summary>The user's caches, where compiled kernels and measured tiles are kept; null: they are not.</summary>
    public string? CacheFolder { get; init; } = HubEnvironment.OfProcess.Caches;

    /// <summary>Gets a line where something is done without that was kept.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Commands after which a batch is handed to the device though nobody waits for it.</summary>
    public int BatchCommands { get; init; } = 1024;

    /// <summary>Bytes on their way to the device after which a batch is handed to it.</summary>
    public long BatchUploadBytes { get; init; } = 64 << 20;
}
