namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>Asks a physical device what it is and can.</summary>
internal static unsafe class PhysicalDevice
{
    public const string MemoryBudget = "VK_EXT_memory_budget";
    public const string SubgroupSizeControl = "VK_EXT_subgroup_size_control";
    public const string IntegerDotProduct = "VK_KHR_shader_integer_dot_product";
    public const string CooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
    private const string ShaderBFloat16 = "VK_KHR_shader_bfloat16";

    /// <summary>A device that is not a whole Vulkan one, MoltenVK's, must have it switched on.</summary>
    private const string PortabilitySubset = "VK_KHR_portability_subset";

    private const uint ComputeQueue = 2;
    private const uint DeviceLocalHeap = 1;
    private const uint SubgroupScope = 3;

    private static readonly string[] Wanted =
        [MemoryBudget, SubgroupSizeControl, IntegerDotProduct, CooperativeMatrixExtension, PortabilitySubset];

    public static GpuDeviceInfo Describe(VulkanInstance instance, nint handle)
    {
        HashSet<string> extensions = Extensions(instance, handle);
        SubgroupSizeProperties subgroups = new() { Type = StructureType.SubgroupSizeProperties };
        Vulkan12Properties version12 = new() { Type = StructureType.Vulkan12Properties };
        Vulkan11Properties version11 = new() { Type = StructureType.Vulkan11Properties, Next = &version12 };
        DeviceProperties2 properties = new() { Type = StructureType.DeviceProperties2, Next = &version11 };
        if (extensions.Contains(SubgroupSizeControl))
        {
            version12.Next = &subgroups;
        }

        instance.GetProperties(handle, &properties);
        DeviceFeatures features = DeviceFeatures.Ask(instance, handle, extensions);
        MemoryBudgetProperties budgets = new() { Type = StructureType.MemoryBudgetProperties };
        bool hasBudget = extensions.Contains(MemoryBudget);
        DeviceMemoryProperties2 memory = new() { Type = StructureType.DeviceMemoryProperties2, Next = hasBudget ? &budgets : null };
        instance.GetMemory(handle, &memory);
        (long bytes, long? budget) = Memory(memory, hasBudget ? &budgets : null);
        int? family = QueueFamily(instance, handle);
        int subgroup = (int)version11.SubgroupSize;
        bool sizes = subgroups.MinSubgroupSize > 0;
        string driver = $"{VulkanText.Read(version12.DriverName)} {VulkanText.Read(version12.DriverInfo)}".Trim();
        return new GpuDeviceInfo
        {
            Index = 0,
            Handle = handle,
            Name = VulkanText.Read(properties.DeviceName),
            Kind = properties.DeviceType,
            Driver = driver.Length > 0 ? driver : "unknown",
            Identity = new GpuIdentity(
                new Guid(new ReadOnlySpan<byte>(version11.DeviceUuid, 16)), properties.DriverVersion, properties.VendorId, properties.DeviceId,
                new Guid(new ReadOnlySpan<byte>(properties.PipelineCacheUuid, 16))),
            Api = new Version((int)(properties.ApiVersion >> 22) & 0x7F, (int)(properties.ApiVersion >> 12) & 0x3FF, (int)properties.ApiVersion & 0xFFF),
            Memory = bytes,
            Budget = budget,
            QueueFamily = (uint)(family ?? 0),
            Extensions = [.. Wanted.Where(extensions.Contains)],
            Unusable = properties.ApiVersion < VulkanLoader.Version12 ? "its driver has Vulkan below 1.2"
                : family is null ? "it has no queue that computes"
                : features.Missing,
            Capabilities = new GpuCapabilities(
                subgroup,
                sizes ? (int)subgroups.MinSubgroupSize : subgroup,
                sizes ? (int)subgroups.MaxSubgroupSize : subgroup,
                features.Float16,
                extensions.Contains(ShaderBFloat16),
                features.IntegerDot,
                features.CooperativeMatrix ? CooperativeMatrices(instance, handle) : [],
                (int)properties.MaxComputeSharedMemorySize,
                (int)properties.MaxComputeWorkGroupInvocations,
                Math.Min(properties.MaxComputeWorkGroupCount[0], Math.Min(properties.MaxComputeWorkGroupCount[1], properties.MaxComputeWorkGroupCount[2])),
                (long)Math.Min(version11.MaxMemoryAllocationSize, long.MaxValue),
                properties.DeviceType is PhysicalDeviceType.Integrated or PhysicalDeviceType.Cpu
                    && MemoryKinds.Find(memory, uint.MaxValue, MemoryKinds.Unified) is not null,
                properties.DeviceType == PhysicalDeviceType.Cpu),
        };
    }

    private static HashSet<string> Extensions(VulkanInstance instance, nint handle)
    {
        uint count = 0;
        VulkanFailure.Check(instance.EnumerateExtensions(handle, null, &count, null), "list a device's extensions");
        var extensions = new ExtensionProperties[count];
        HashSet<string> names = [];
        fixed (ExtensionProperties* pointer = extensions)
        {
            VulkanFailure.Check(instance.EnumerateExtensions(handle, null, &count, pointer), "list a device's extensions");
            for (int i = 0; i < count; i++)
            {
                names.Add(VulkanText.Read(pointer[i].Name));
            }
        }

        return names;
    }

    /// <summary>Of the largest heap that is the device's own.</summary>
    private static (long Bytes, long? Budget) Memory(in DeviceMemoryProperties2 memory, MemoryBudgetProperties* budgets)
    {
        long bytes = 0;
        long? budget = null;
        for (int i = 0; i < memory.HeapCount; i++)
        {
            MemoryHeap heap = memory.Heap(i);
            if ((heap.Flags & DeviceLocalHeap) != 0 && (long)heap.Size > bytes)
            {
                bytes = (long)heap.Size;
                budget = budgets is null ? null : (long)budgets->Budget[i];
            }
        }

        return (bytes, budget);
    }

    /// <summary>The family that computes and draws nothing where there is one, else the first that computes.</summary>
    private static int? QueueFamily(VulkanInstance instance, nint handle)
    {
        const uint graphics = 1;
        uint count = 0;
        instance.GetQueueFamilies(handle, &count, null);
        var families = new QueueFamilyProperties[count];
        fixed (QueueFamilyProperties* pointer = families)
        {
            instance.GetQueueFamilies(handle, &count, pointer);
        }

        int alone = Array.FindIndex(families, family => (family.Flags & (ComputeQueue | graphics)) == ComputeQueue);
        int any = alone >= 0 ? alone : Array.FindIndex(families, family => (family.Flags & ComputeQueue) != 0);
        return any >= 0 ? any : null;
    }

    private static List<CooperativeMatrix> CooperativeMatrices(VulkanInstance instance, nint handle)
    {
        if (instance.GetCooperativeMatrices == null)
        {
            return [];
        }

        uint count = 0;
        VulkanFailure.Check(instance.GetCooperativeMatrices(handle, &count, null), "list a device's cooperative matrices");
        var shapes = new CooperativeMatrixProperties[count];
        Array.Fill(shapes, new CooperativeMatrixProperties { Type = StructureType.CooperativeMatrixProperties });
        fixed (CooperativeMatrixProperties* pointer = shapes)
        {
            VulkanFailure.Check(instance.GetCooperativeMatrices(handle, &count, pointer), "list a device's cooperative matrices");
        }

        return [.. shapes
            .Where(shape => shape.Scope == SubgroupScope && shape.A == shape.B && shape.C == shape.Result)
            .Select(shape => new CooperativeMatrix((int)shape.M, (int)shape.N, (int)shape.K, shape.A, shape.Result))
            .Distinct()];
    }
}
