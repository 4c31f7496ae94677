namespace Smvl.Tensors.Gpu.Vulkan;

// The values of vulkan_core.h that are used here.

internal enum StructureType : uint
{
    ApplicationInfo = 0,
    InstanceCreateInfo = 1,
    DeviceQueueCreateInfo = 2,
    DeviceCreateInfo = 3,
    SubmitInfo = 4,
    MemoryAllocateInfo = 5,
    SemaphoreCreateInfo = 9,
    BufferCreateInfo = 12,
    ShaderModuleCreateInfo = 16,
    PipelineCacheCreateInfo = 17,
    PipelineShaderStageCreateInfo = 18,
    ComputePipelineCreateInfo = 29,
    PipelineLayoutCreateInfo = 30,
    CommandPoolCreateInfo = 39,
    CommandBufferAllocateInfo = 40,
    CommandBufferBeginInfo = 42,
    MemoryBarrier = 46,
    Vulkan11Features = 49,
    Vulkan11Properties = 50,
    Vulkan12Features = 51,
    Vulkan12Properties = 52,
    DeviceFeatures2 = 1000059000,
    DeviceProperties2 = 1000059001,
    DeviceMemoryProperties2 = 1000059006,
    MemoryAllocateFlagsInfo = 1000060000,
    DebugMessengerCreateInfo = 1000128004,
    SemaphoreTypeCreateInfo = 1000207002,
    TimelineSemaphoreSubmitInfo = 1000207003,
    SemaphoreWaitInfo = 1000207004,
    SubgroupSizeProperties = 1000225000,
    SubgroupSizeFeatures = 1000225002,
    MemoryBudgetProperties = 1000237000,
    BufferDeviceAddressInfo = 1000244001,
    IntegerDotProductFeatures = 1000280000,
    CooperativeMatrixFeatures = 1000506000,
    CooperativeMatrixProperties = 1000506001,
}

internal enum VulkanResult
{
    Success = 0,
    NotReady = 1,
    Timeout = 2,
    Incomplete = 5,
    OutOfHostMemory = -1,
    OutOfDeviceMemory = -2,
    InitializationFailed = -3,
    DeviceLost = -4,
    MemoryMapFailed = -5,
    LayerNotPresent = -6,
    ExtensionNotPresent = -7,
    FeatureNotPresent = -8,
    IncompatibleDriver = -9,
    TooManyObjects = -10,
}

internal enum PhysicalDeviceType : uint
{
    Other = 0,
    Integrated = 1,
    Discrete = 2,
    Virtual = 3,
    Cpu = 4,
}

[Flags]
internal enum MemoryProperties : uint
{
    None = 0,
    DeviceLocal = 1,
    HostVisible = 2,
    HostCoherent = 4,
    HostCached = 8,
}

[Flags]
internal enum BufferUsage : uint
{
    TransferSource = 1,
    TransferDestination = 2,
    Storage = 0x20,
    DeviceAddress = 0x20000,
}

[Flags]
internal enum AccessFlags : uint
{
    ShaderRead = 0x20,
    ShaderWrite = 0x40,
    TransferRead = 0x800,
    TransferWrite = 0x1000,
    HostRead = 0x2000,
}

[Flags]
internal enum PipelineStages : uint
{
    ComputeShader = 0x800,
    Transfer = 0x1000,
    Host = 0x4000,
}

/// <summary>VkComponentTypeKHR: of what a cooperative matrix is made.</summary>
internal enum ComponentType : uint
{
    Float16 = 0,
    Float32 = 1,
    Float64 = 2,
    Int8 = 3,
    Int16 = 4,
    Int32 = 5,
    Int64 = 6,
    UInt8 = 7,
    UInt16 = 8,
    UInt32 = 9,
    UInt64 = 10,
    BFloat16 = 1000141000,
}
