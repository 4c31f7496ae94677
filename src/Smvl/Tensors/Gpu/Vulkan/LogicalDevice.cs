namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>An opened device with its functions and its one queue.</summary>
internal sealed unsafe class LogicalDevice : IDisposable
{
    private readonly VulkanInstance instance;

    public LogicalDevice(VulkanInstance instance, GpuDeviceInfo info)
    {
        this.instance = instance;
        Info = info;
        Handle = DeviceFeatures.CreateDevice(instance, info);
        Functions = new DeviceFunctions(instance, Handle);
        nint queue;
        Functions.GetQueue(Handle, info.QueueFamily, 0, &queue);
        Queue = queue;
        DeviceMemoryProperties2 memory = new() { Type = StructureType.DeviceMemoryProperties2 };
        instance.GetMemory(info.Handle, &memory);
        memory.Next = null;
        Memory = memory;
    }

    public GpuDeviceInfo Info { get; }

    public nint Handle { get; }

    public nint Queue { get; }

    public DeviceFunctions Functions { get; }

    /// <summary>Its types and heaps of memory.</summary>
    public DeviceMemoryProperties2 Memory { get; }

    /// <summary>Set once a call has said that the device is lost; from then on every check throws.</summary>
    public bool Lost { get; set; }

    /// <summary>Bytes that were taken from the driver and not given back.</summary>
    public long TakenBytes { get; private set; }

    /// <summary>The most there were at once.</summary>
    public long MostTakenBytes { get; private set; }

    /// <summary>Notes memory taken from the driver, or given back: a negative number.</summary>
    public void CountTaken(long bytes)
    {
        TakenBytes += bytes;
        MostTakenBytes = Math.Max(MostTakenBytes, TakenBytes);
    }

    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="result">what it returned</param>
    /// <param name="what">what was to be done, as in "cannot ..."</param>
    public void Check(VulkanResult result, string what)
    {
        Lost |= result == VulkanResult.DeviceLost;
        VulkanFailure.Check(Lost ? VulkanResult.DeviceLost : result, what, Info.Name);
    }

    /// <exception cref="GpuLostException">the device is lost</exception>
    public void CheckNotLost() => Check(VulkanResult.Success, "");

    /// <summary>Bytes that the system would still give this process of the heap of a memory type; null where the driver does not tell.</summary>
    public long? Available(uint memoryType)
    {
        if (!Info.Extensions.Contains(PhysicalDevice.MemoryBudget))
        {
            return null;
        }

        MemoryBudgetProperties budgets = new() { Type = StructureType.MemoryBudgetProperties };
        DeviceMemoryProperties2 memory = new() { Type = StructureType.DeviceMemoryProperties2, Next = &budgets };
        instance.GetMemory(Info.Handle, &memory);
        uint heap = memory.MemoryType((int)memoryType).Heap;
        return (long)budgets.Budget[heap] - (long)budgets.Usage[heap];
    }

    public void Dispose() => Functions.DestroyDevice(Handle, null);
}
