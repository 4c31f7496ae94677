using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu.Vulkan;

// The structures of vulkan_core.h that are used here, field by field; of the long ones only the fields that are read, at their offsets.

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ApplicationInfo
{
    public StructureType Type;
    public void* Next;
    public byte* ApplicationName;
    public uint ApplicationVersion;
    public byte* EngineName;
    public uint EngineVersion;
    public uint ApiVersion;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InstanceCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public ApplicationInfo* Application;
    public uint LayerCount;
    public byte** LayerNames;
    public uint ExtensionCount;
    public byte** ExtensionNames;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LayerProperties
{
    public fixed byte Name[256];
    public uint SpecVersion;
    public uint ImplementationVersion;
    public fixed byte Description[256];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ExtensionProperties
{
    public fixed byte Name[256];
    public uint SpecVersion;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessengerCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint Severity;
    public uint MessageType;
    public delegate* unmanaged<uint, uint, MessengerData*, void*, uint> Callback;
    public void* UserData;
}

/// <summary>The head of VkDebugUtilsMessengerCallbackDataEXT.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessengerData
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public byte* MessageIdName;
    public int MessageIdNumber;
    public byte* Message;
}

/// <summary>VkPhysicalDeviceProperties2 with the properties and limits that are read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 840)]
internal unsafe struct DeviceProperties2
{
    private const int Properties = 16;
    private const int Limits = Properties + 296;

    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(Properties)]
    public uint ApiVersion;
    [FieldOffset(Properties + 4)]
    public uint DriverVersion;
    [FieldOffset(Properties + 8)]
    public uint VendorId;
    [FieldOffset(Properties + 12)]
    public uint DeviceId;
    [FieldOffset(Properties + 16)]
    public PhysicalDeviceType DeviceType;
    [FieldOffset(Properties + 20)]
    public fixed byte DeviceName[256];
    [FieldOffset(Properties + 276)]
    public fixed byte PipelineCacheUuid[16];
    [FieldOffset(Limits + 32)]
    public uint MaxPushConstantsSize;
    [FieldOffset(Limits + 36)]
    public uint MaxMemoryAllocationCount;
    [FieldOffset(Limits + 216)]
    public uint MaxComputeSharedMemorySize;
    [FieldOffset(Limits + 220)]
    public fixed uint MaxComputeWorkGroupCount[3];
    [FieldOffset(Limits + 232)]
    public uint MaxComputeWorkGroupInvocations;
}

[StructLayout(LayoutKind.Explicit, Size = 112)]
internal unsafe struct Vulkan11Properties
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(16)]
    public fixed byte DeviceUuid[16];
    [FieldOffset(64)]
    public uint SubgroupSize;
    [FieldOffset(72)]
    public uint SubgroupOperations;
    [FieldOffset(104)]
    public ulong MaxMemoryAllocationSize;
}

[StructLayout(LayoutKind.Explicit, Size = 736)]
internal unsafe struct Vulkan12Properties
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(16)]
    public uint DriverId;
    [FieldOffset(20)]
    public fixed byte DriverName[256];
    [FieldOffset(276)]
    public fixed byte DriverInfo[256];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SubgroupSizeProperties
{
    public StructureType Type;
    public void* Next;
    public uint MinSubgroupSize;
    public uint MaxSubgroupSize;
    public uint MaxComputeWorkgroupSubgroups;
    public uint RequiredSubgroupSizeStages;
}

/// <summary>VkPhysicalDeviceFeatures2 with the features that are read or switched on.</summary>
[StructLayout(LayoutKind.Explicit, Size = 240)]
internal unsafe struct DeviceFeatures2
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(16 + 160)]
    public uint ShaderInt64;
    [FieldOffset(16 + 164)]
    public uint ShaderInt16;
}

[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct Vulkan11Features
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(16)]
    public uint StorageBuffer16BitAccess;
}

[StructLayout(LayoutKind.Explicit, Size = 208)]
internal unsafe struct Vulkan12Features
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(24)]
    public uint StorageBuffer8BitAccess;
    [FieldOffset(44)]
    public uint ShaderFloat16;
    [FieldOffset(48)]
    public uint ShaderInt8;
    [FieldOffset(140)]
    public uint ScalarBlockLayout;
    [FieldOffset(152)]
    public uint ShaderSubgroupExtendedTypes;
    [FieldOffset(164)]
    public uint TimelineSemaphore;
    [FieldOffset(168)]
    public uint BufferDeviceAddress;
    [FieldOffset(180)]
    public uint VulkanMemoryModel;
    [FieldOffset(184)]
    public uint VulkanMemoryModelDeviceScope;
}

/// <summary>A features structure of one or two switches: of the extensions' own.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ExtensionFeatures
{
    public StructureType Type;
    public void* Next;
    public uint First;
    public uint Second;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CooperativeMatrixProperties
{
    public StructureType Type;
    public void* Next;
    public uint M;
    public uint N;
    public uint K;
    public ComponentType A;
    public ComponentType B;
    public ComponentType C;
    public ComponentType Result;
    public uint SaturatingAccumulation;
    public uint Scope;
}

[StructLayout(LayoutKind.Sequential)]
internal struct QueueFamilyProperties
{
    public uint Flags;
    public uint Count;
    public uint TimestampValidBits;
    public uint Width;
    public uint Height;
    public uint Depth;
}

[StructLayout(LayoutKind.Sequential)]
internal struct MemoryType
{
    public MemoryProperties Flags;
    public uint Heap;
}

[StructLayout(LayoutKind.Sequential)]
internal struct MemoryHeap
{
    public ulong Size;
    public uint Flags;
}

/// <summary>VkPhysicalDeviceMemoryProperties2.</summary>
[StructLayout(LayoutKind.Explicit, Size = 536)]
internal unsafe struct DeviceMemoryProperties2
{
    [FieldOffset(0)]
    public StructureType Type;
    [FieldOffset(8)]
    public void* Next;
    [FieldOffset(16)]
    public uint TypeCount;
    [FieldOffset(20)]
    public fixed uint Types[2 * 32];
    [FieldOffset(16 + 260)]
    public uint HeapCount;
    [FieldOffset(16 + 264)]
    public fixed ulong Heaps[2 * 16];

    /// <summary>Memory type <paramref name="index"/>.</summary>
    public readonly MemoryType MemoryType(int index) => new() { Flags = (MemoryProperties)Types[2 * index], Heap = Types[(2 * index) + 1] };

    /// <summary>Heap <paramref name="index"/>.</summary>
    public readonly MemoryHeap Heap(int index) => new() { Size = Heaps[2 * index], Flags = (uint)Heaps[(2 * index) + 1] };
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryBudgetProperties
{
    public StructureType Type;
    public void* Next;
    public fixed ulong Budget[16];
    public fixed ulong Usage[16];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct QueueCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint Family;
    public uint Count;
    public float* Priorities;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DeviceCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint QueueCount;
    public QueueCreateInfo* Queues;
    public uint LayerCount;
    public byte** LayerNames;
    public uint ExtensionCount;
    public byte** ExtensionNames;
    public void* Features;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryAllocateInfo
{
    public StructureType Type;
    public void* Next;
    public ulong Size;
    public uint MemoryType;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryAllocateFlagsInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint DeviceMask;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BufferCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public ulong Size;
    public BufferUsage Usage;
    public uint SharingMode;
    public uint FamilyCount;
    public uint* Families;
}

[StructLayout(LayoutKind.Sequential)]
internal struct MemoryRequirements
{
    public ulong Size;
    public ulong Alignment;
    public uint TypeBits;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BufferDeviceAddressInfo
{
    public StructureType Type;
    public void* Next;
    public ulong Buffer;
}

[StructLayout(LayoutKind.Sequential)]
internal struct BufferCopy
{
    public ulong Source;
    public ulong Destination;
    public ulong Size;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ShaderModuleCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public nuint Size;
    public uint* Code;
}

[StructLayout(LayoutKind.Sequential)]
internal struct SpecializationEntry
{
    public uint Id;
    public uint Offset;
    public nuint Size;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SpecializationInfo
{
    public uint EntryCount;
    public SpecializationEntry* Entries;
    public nuint DataSize;
    public void* Data;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ShaderStageCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint Stage;
    public ulong Module;
    public byte* Name;
    public SpecializationInfo* Specialization;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PipelineCacheCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public nuint DataSize;
    public void* Data;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ComputePipelineCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public ShaderStageCreateInfo Stage;
    public ulong Layout;
    public ulong BasePipeline;
    public int BasePipelineIndex;
}

[StructLayout(LayoutKind.Sequential)]
internal struct PushConstantRange
{
    public uint Stages;
    public uint Offset;
    public uint Size;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PipelineLayoutCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint SetLayoutCount;
    public ulong* SetLayouts;
    public uint PushConstantRangeCount;
    public PushConstantRange* PushConstantRanges;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CommandPoolCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint Family;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CommandBufferAllocateInfo
{
    public StructureType Type;
    public void* Next;
    public ulong Pool;
    public uint Level;
    public uint Count;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CommandBufferBeginInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public void* Inheritance;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryBarrier
{
    public StructureType Type;
    public void* Next;
    public AccessFlags Source;
    public AccessFlags Destination;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SubmitInfo
{
    public StructureType Type;
    public void* Next;
    public uint WaitCount;
    public ulong* WaitSemaphores;
    public PipelineStages* WaitStages;
    public uint CommandBufferCount;
    public nint* CommandBuffers;
    public uint SignalCount;
    public ulong* SignalSemaphores;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TimelineSubmitInfo
{
    public StructureType Type;
    public void* Next;
    public uint WaitCount;
    public ulong* WaitValues;
    public uint SignalCount;
    public ulong* SignalValues;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SemaphoreTypeCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint SemaphoreType;
    public ulong InitialValue;
}

/// <summary>The creation structures that have nothing but flags.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FlagsCreateInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SemaphoreWaitInfo
{
    public StructureType Type;
    public void* Next;
    public uint Flags;
    public uint Count;
    public ulong* Semaphores;
    public ulong* Values;
}
