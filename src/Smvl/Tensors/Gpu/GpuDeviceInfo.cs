using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>A device that the system's Vulkan drivers offer, before it is opened.</summary>
internal sealed record GpuDeviceInfo
{
    /// <summary>Counts from 0 in the order of <c>smvl devices</c>: the N of <c>gpu:N</c>.</summary>
    public required int Index { get; init; }

    public required string Name { get; init; }

    public required PhysicalDeviceType Kind { get; init; }

    /// <summary>The driver's name and version in its own words.</summary>
    public required string Driver { get; init; }

    /// <summary>What tells it from every other device and driver.</summary>
    public required GpuIdentity Identity { get; init; }

    /// <summary>Of Vulkan, as in 1.3.</summary>
    public required Version Api { get; init; }

    /// <summary>Bytes of the device's own memory.</summary>
    public required long Memory { get; init; }

    /// <summary>Bytes of it that the system would give this process now; null where the driver does not tell.</summary>
    public required long? Budget { get; init; }

    public required GpuCapabilities Capabilities { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public required string? Unusable { get; init; }

    internal required nint Handle { get; init; }

    /// <summary>The family of its queue for computing.</summary>
    internal required uint QueueFamily { get; init; }

    /// <summary>Device extensions that are switched on, as far as it has them.</summary>
    internal required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>The devices of this machine; none without a loader or driver.</summary>
    public static IReadOnlyList<GpuDeviceInfo> List()
    {
        if (VulkanInstance.Instance is not { } instance)
        {
            return [];
        }

        // real devices first, then by the driver's order, so that gpu is gpu:0
        return [.. instance.PhysicalDevices()
            .Select(handle => PhysicalDevice.Describe(instance, handle))
            .OrderBy(device => device.Unusable is not null)
            .ThenBy(device => device.Rank)
            .Select((device, index) => device with { Index = index })];
    }

    /// <summary>Discrete before integrated before virtual before software.</summary>
    private int Rank => Kind switch
    {
        PhysicalDeviceType.Discrete => 0,
        PhysicalDeviceType.Integrated => 1,
        PhysicalDeviceType.Virtual => 2,
        PhysicalDeviceType.Other => 3,
        _ => 4,
    };
}
