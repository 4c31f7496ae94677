using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>One allocation of the driver's with a buffer over all of it, mapped where the host sees it.</summary>
internal sealed unsafe class GpuBlock : MemoryBlock
{
    private readonly LogicalDevice device;
    private readonly ulong memory;

    private GpuBlock(LogicalDevice device, ulong buffer, ulong memory, long size, byte* mapped, ulong address)
        : base(size)
    {
        this.device = device;
        this.memory = memory;
        Buffer = buffer;
        Mapped = mapped;
        Address = address;
    }

    public ulong Buffer { get; }

    /// <summary>The first byte for the host, or null where it does not see it.</summary>
    public byte* Mapped { get; }

    /// <summary>The first byte's device address.</summary>
    public ulong Address { get; }

    /// <summary>A new block, or null where the device's memory does not suffice.</summary>
    /// <param name="device">whose memory</param>
    /// <param name="size">in bytes</param>
    /// <param name="kinds">of memory, the best first; the last exists on every device</param>
    public static GpuBlock? TryAllocate(LogicalDevice device, long size, params ReadOnlySpan<MemoryProperties> kinds)
    {
        DeviceFunctions vk = device.Functions;
        BufferCreateInfo info = new()
        {
            Type = StructureType.BufferCreateInfo,
            Size = (ulong)size,
            Usage = BufferUsage.TransferSource | BufferUsage.TransferDestination | BufferUsage.Storage | BufferUsage.DeviceAddress,
        };
        ulong buffer;
        VulkanResult result = vk.CreateBuffer(device.Handle, &info, null, &buffer);
        if (IsFull(result))
        {
            return null;
        }

        device.Check(result, "make a buffer");
        MemoryRequirements needs;
        vk.GetBufferRequirements(device.Handle, buffer, &needs);
        MemoryProperties kind = 0;
        int? type = null;
        for (int i = 0; i < kinds.Length && type is null; i++)
        {
            kind = kinds[i];
            type = MemoryKinds.Find(device.Memory, needs.TypeBits, kind);
        }

        MemoryAllocateFlagsInfo flags = new() { Type = StructureType.MemoryAllocateFlagsInfo, Flags = 2 };   // VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT
        MemoryAllocateInfo allocate = new()
        {
            Type = StructureType.MemoryAllocateInfo,
            Next = &flags,
            Size = needs.Size,
            MemoryType = (uint)(type ?? throw new SmvlException("the device has no memory for buffers", device.Info.Name, hint: "use --device cpu")),
        };
        ulong memory = 0;
        bool full = device.Available(allocate.MemoryType) < (long)needs.Size;
        result = full ? VulkanResult.OutOfDeviceMemory : vk.AllocateMemory(device.Handle, &allocate, null, &memory);
        if (result != VulkanResult.Success)
        {
            vk.DestroyBuffer(device.Handle, buffer, null);
            if (IsFull(result))
            {
                return null;
            }

            device.Check(result, "allocate memory");
        }

        device.CountTaken(size);
        device.Check(vk.BindBuffer(device.Handle, buffer, memory, 0), "bind memory");
        void* mapped = null;
        if (kind.HasFlag(MemoryProperties.HostVisible))
        {
            device.Check(vk.MapMemory(device.Handle, memory, 0, ulong.MaxValue, 0, &mapped), "map memory");
        }

        BufferDeviceAddressInfo address = new() { Type = StructureType.BufferDeviceAddressInfo, Buffer = buffer };
        return new GpuBlock(device, buffer, memory, size, (byte*)mapped, vk.GetBufferAddress(device.Handle, &address));
    }

    /// <summary>Gives the memory back to the driver; no command may use it any more.</summary>
    public override void Free()
    {
        device.Functions.DestroyBuffer(device.Handle, Buffer, null);
        device.Functions.FreeMemory(device.Handle, memory, null);
        device.CountTaken(-Size);
    }

    private static bool IsFull(VulkanResult result) => result is VulkanResult.OutOfDeviceMemory or VulkanResult.OutOfHostMemory or VulkanResult.TooManyObjects;
}
