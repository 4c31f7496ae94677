namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>Which of a device's memory types serves what.</summary>
internal static class MemoryKinds
{
    /// <summary>The device's own memory that the host reads and writes at full speed.</summary>
    public const MemoryProperties Unified =
        MemoryProperties.DeviceLocal | MemoryProperties.HostVisible | MemoryProperties.HostCoherent | MemoryProperties.HostCached;

    /// <summary>For tensors of a device with memory of its own.</summary>
    public const MemoryProperties Device = MemoryProperties.DeviceLocal;

    /// <summary>For what the host writes and reads back; cached where that exists.</summary>
    public const MemoryProperties Staging = MemoryProperties.HostVisible | MemoryProperties.HostCoherent;

    /// <summary>The first type with all of the properties among those allowed, as Vulkan wants it chosen; null if there is none.</summary>
    public static int? Find(in DeviceMemoryProperties2 memory, uint allowed, MemoryProperties properties)
    {
        for (int i = 0; i < memory.TypeCount; i++)
        {
            if ((allowed & (1u << i)) != 0 && (memory.MemoryType(i).Flags & properties) == properties)
            {
                return i;
            }
        }

        return null;
    }
}
