using System.Text;

namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>The functions of one logical device, asked for once, without the loader's detour.</summary>
internal sealed unsafe class DeviceFunctions
{
    private readonly nint device;
    private readonly delegate* unmanaged<nint, byte*, nint> getDeviceProcAddr;

    public DeviceFunctions(VulkanInstance instance, nint device)
    {
        this.device = device;
        getDeviceProcAddr = (delegate* unmanaged<nint, byte*, nint>)VulkanLoader.Get(instance.Handle, "vkGetDeviceProcAddr"u8);
        DestroyDevice = (delegate* unmanaged<nint, void*, void>)Get("vkDestroyDevice");
        GetQueue = (delegate* unmanaged<nint, uint, uint, nint*, void>)Get("vkGetDeviceQueue");
        WaitIdle = (delegate* unmanaged<nint, VulkanResult>)Get("vkDeviceWaitIdle");
        AllocateMemory = (delegate* unmanaged<nint, MemoryAllocateInfo*, void*, ulong*, VulkanResult>)Get("vkAllocateMemory");
        FreeMemory = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkFreeMemory");
        MapMemory = (delegate* unmanaged<nint, ulong, ulong, ulong, uint, void**, VulkanResult>)Get("vkMapMemory");
        CreateBuffer = (delegate* unmanaged<nint, BufferCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreateBuffer");
        DestroyBuffer = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyBuffer");
        GetBufferRequirements = (delegate* unmanaged<nint, ulong, MemoryRequirements*, void>)Get("vkGetBufferMemoryRequirements");
        BindBuffer = (delegate* unmanaged<nint, ulong, ulong, ulong, VulkanResult>)Get("vkBindBufferMemory");
        GetBufferAddress = (delegate* unmanaged<nint, BufferDeviceAddressInfo*, ulong>)Get("vkGetBufferDeviceAddress");
        CreateShaderModule = (delegate* unmanaged<nint, ShaderModuleCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreateShaderModule");
        DestroyShaderModule = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyShaderModule");
        CreatePipelineLayout =
            (delegate* unmanaged<nint, PipelineLayoutCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreatePipelineLayout");
        DestroyPipelineLayout = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyPipelineLayout");
        CreatePipelineCache = (delegate* unmanaged<nint, PipelineCacheCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreatePipelineCache");
        DestroyPipelineCache = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyPipelineCache");
        GetPipelineCacheData = (delegate* unmanaged<nint, ulong, nuint*, void*, VulkanResult>)Get("vkGetPipelineCacheData");
        CreateComputePipelines = (delegate* unmanaged<nint, ulong, uint, ComputePipelineCreateInfo*, void*, ulong*, VulkanResult>)Get(
            "vkCreateComputePipelines");
        DestroyPipeline = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyPipeline");
        CreateCommandPool = (delegate* unmanaged<nint, CommandPoolCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreateCommandPool");
        DestroyCommandPool = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroyCommandPool");
        AllocateCommandBuffers = (delegate* unmanaged<nint, CommandBufferAllocateInfo*, nint*, VulkanResult>)Get("vkAllocateCommandBuffers");
        BeginCommandBuffer = (delegate* unmanaged<nint, CommandBufferBeginInfo*, VulkanResult>)Get("vkBeginCommandBuffer");
        EndCommandBuffer = (delegate* unmanaged<nint, VulkanResult>)Get("vkEndCommandBuffer");
        BindPipeline = (delegate* unmanaged<nint, uint, ulong, void>)Get("vkCmdBindPipeline");
        PushConstants = (delegate* unmanaged<nint, ulong, uint, uint, uint, void*, void>)Get("vkCmdPushConstants");
        Dispatch = (delegate* unmanaged<nint, uint, uint, uint, void>)Get("vkCmdDispatch");
        CopyBuffer = (delegate* unmanaged<nint, ulong, ulong, uint, BufferCopy*, void>)Get("vkCmdCopyBuffer");
        FillBuffer = (delegate* unmanaged<nint, ulong, ulong, ulong, uint, void>)Get("vkCmdFillBuffer");
        PipelineBarrier =
            (delegate* unmanaged<nint, PipelineStages, PipelineStages, uint, uint, MemoryBarrier*, uint, void*, uint, void*, void>)Get(
                "vkCmdPipelineBarrier");
        CreateSemaphore = (delegate* unmanaged<nint, FlagsCreateInfo*, void*, ulong*, VulkanResult>)Get("vkCreateSemaphore");
        DestroySemaphore = (delegate* unmanaged<nint, ulong, void*, void>)Get("vkDestroySemaphore");
        WaitSemaphores = (delegate* unmanaged<nint, SemaphoreWaitInfo*, ulong, VulkanResult>)Get("vkWaitSemaphores");
        GetSemaphoreValue = (delegate* unmanaged<nint, ulong, ulong*, VulkanResult>)Get("vkGetSemaphoreCounterValue");
        QueueSubmit = (delegate* unmanaged<nint, uint, SubmitInfo*, ulong, VulkanResult>)Get("vkQueueSubmit");
    }

    public delegate* unmanaged<nint, void*, void> DestroyDevice { get; }

    public delegate* unmanaged<nint, uint, uint, nint*, void> GetQueue { get; }

    public delegate* unmanaged<nint, VulkanResult> WaitIdle { get; }

    public delegate* unmanaged<nint, MemoryAllocateInfo*, void*, ulong*, VulkanResult> AllocateMemory { get; }

    public delegate* unmanaged<nint, ulong, void*, void> FreeMemory { get; }

    public delegate* unmanaged<nint, ulong, ulong, ulong, uint, void**, VulkanResult> MapMemory { get; }

    public delegate* unmanaged<nint, BufferCreateInfo*, void*, ulong*, VulkanResult> CreateBuffer { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyBuffer { get; }

    public delegate* unmanaged<nint, ulong, MemoryRequirements*, void> GetBufferRequirements { get; }

    public delegate* unmanaged<nint, ulong, ulong, ulong, VulkanResult> BindBuffer { get; }

    public delegate* unmanaged<nint, BufferDeviceAddressInfo*, ulong> GetBufferAddress { get; }

    public delegate* unmanaged<nint, ShaderModuleCreateInfo*, void*, ulong*, VulkanResult> CreateShaderModule { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyShaderModule { get; }

    public delegate* unmanaged<nint, PipelineLayoutCreateInfo*, void*, ulong*, VulkanResult> CreatePipelineLayout { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipelineLayout { get; }

    public delegate* unmanaged<nint, PipelineCacheCreateInfo*, void*, ulong*, VulkanResult> CreatePipelineCache { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipelineCache { get; }

    public delegate* unmanaged<nint, ulong, nuint*, void*, VulkanResult> GetPipelineCacheData { get; }

    public delegate* unmanaged<nint, ulong, uint, ComputePipelineCreateInfo*, void*, ulong*, VulkanResult> CreateComputePipelines { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipeline { get; }

    public delegate* unmanaged<nint, CommandPoolCreateInfo*, void*, ulong*, VulkanResult> CreateCommandPool { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroyCommandPool { get; }

    public delegate* unmanaged<nint, CommandBufferAllocateInfo*, nint*, VulkanResult> AllocateCommandBuffers { get; }

    public delegate* unmanaged<nint, CommandBufferBeginInfo*, VulkanResult> BeginCommandBuffer { get; }

    public delegate* unmanaged<nint, VulkanResult> EndCommandBuffer { get; }

    public delegate* unmanaged<nint, uint, ulong, void> BindPipeline { get; }

    public delegate* unmanaged<nint, ulong, uint, uint, uint, void*, void> PushConstants { get; }

    public delegate* unmanaged<nint, uint, uint, uint, void> Dispatch { get; }

    public delegate* unmanaged<nint, ulong, ulong, uint, BufferCopy*, void> CopyBuffer { get; }

    public delegate* unmanaged<nint, ulong, ulong, ulong, uint, void> FillBuffer { get; }

    public delegate* unmanaged<nint, PipelineStages, PipelineStages, uint, uint, MemoryBarrier*, uint, void*, uint, void*, void> PipelineBarrier { get; }

    public delegate* unmanaged<nint, FlagsCreateInfo*, void*, ulong*, VulkanResult> CreateSemaphore { get; }

    public delegate* unmanaged<nint, ulong, void*, void> DestroySemaphore { get; }

    public delegate* unmanaged<nint, SemaphoreWaitInfo*, ulong, VulkanResult> WaitSemaphores { get; }

    public delegate* unmanaged<nint, ulong, ulong*, VulkanResult> GetSemaphoreValue { get; }

    public delegate* unmanaged<nint, uint, SubmitInfo*, ulong, VulkanResult> QueueSubmit { get; }

    private nint Get(string name)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            nint function = getDeviceProcAddr(device, text);
            return function != 0 ? function : throw new SmvlException($"this Vulkan driver lacks {name}", hint: "update it, or use --device cpu");
        }
    }
}
