namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>The features of a device that this program needs or uses; the same structures ask for them and switch them on.</summary>
/// <param name="Missing">what is needed and lacks, for <c>smvl devices</c>; null if nothing does</param>
/// <param name="Float16">arithmetic on 16-bit floats</param>
/// <param name="SubgroupSizes">the subgroup's size may be chosen</param>
/// <param name="IntegerDot">dot products of packed bytes</param>
/// <param name="CooperativeMatrix">matrices of a subgroup</param>
internal sealed unsafe record DeviceFeatures(string? Missing, bool Float16, bool SubgroupSizes, bool IntegerDot, bool CooperativeMatrix)
{
    public static DeviceFeatures Ask(VulkanInstance instance, nint handle, IReadOnlyCollection<string> extensions)
    {
        ExtensionFeatures subgroups = new() { Type = StructureType.SubgroupSizeFeatures };
        ExtensionFeatures dot = new() { Type = StructureType.IntegerDotProductFeatures };
        ExtensionFeatures matrix = new() { Type = StructureType.CooperativeMatrixFeatures };
        Vulkan12Features version12 = new() { Type = StructureType.Vulkan12Features };
        Vulkan11Features version11 = new() { Type = StructureType.Vulkan11Features, Next = &version12 };
        DeviceFeatures2 features = new() { Type = StructureType.DeviceFeatures2, Next = &version11 };
        version12.Next = Chain(extensions, &subgroups, &dot, &matrix);
        instance.GetFeatures(handle, &features);
        (string Name, uint Has)[] needed =
        [
            ("shaderInt64", features.ShaderInt64),
            ("shaderInt16", features.ShaderInt16),
            ("shaderInt8", version12.ShaderInt8),
            ("storageBuffer16BitAccess", version11.StorageBuffer16BitAccess),
            ("storageBuffer8BitAccess", version12.StorageBuffer8BitAccess),
            ("scalarBlockLayout", version12.ScalarBlockLayout),
            ("timelineSemaphore", version12.TimelineSemaphore),
            ("bufferDeviceAddress", version12.BufferDeviceAddress),
        ];
        string missing = string.Join(", ", needed.Where(feature => feature.Has == 0).Select(feature => feature.Name));
        return new DeviceFeatures(
            missing.Length > 0 ? $"it lacks {missing}" : null,
            version12.ShaderFloat16 != 0,
            subgroups.First != 0,
            dot.First != 0,
            matrix.First != 0 && version12.VulkanMemoryModel != 0);
    }

    /// <summary>A logical device with one queue and all of these features.</summary>
    /// <returns>its handle</returns>
    public static nint CreateDevice(VulkanInstance instance, GpuDeviceInfo info)
    {
        DeviceFeatures has = Ask(instance, info.Handle, info.Extensions);
        List<string> extensions = [.. info.Extensions.Where(name => name switch
        {
            PhysicalDevice.SubgroupSizeControl => has.SubgroupSizes,
            PhysicalDevice.IntegerDotProduct => has.IntegerDot,
            PhysicalDevice.CooperativeMatrixExtension => has.CooperativeMatrix,
            _ => true,
        })];
        uint float16 = has.Float16 ? 1u : 0, model = has.CooperativeMatrix ? 1u : 0;
        nint device = 0;
        VulkanResult result = VulkanText.With(extensions, (names, count) =>
        {
            ExtensionFeatures subgroups = new() { Type = StructureType.SubgroupSizeFeatures, First = 1 };
            ExtensionFeatures dot = new() { Type = StructureType.IntegerDotProductFeatures, First = 1 };
            ExtensionFeatures matrix = new() { Type = StructureType.CooperativeMatrixFeatures, First = 1 };
            Vulkan12Features version12 = new()
            {
                Type = StructureType.Vulkan12Features,
                Next = Chain(extensions, &subgroups, &dot, &matrix),
                StorageBuffer8BitAccess = 1,
                ShaderFloat16 = float16,
                ShaderInt8 = 1,
                ScalarBlockLayout = 1,
                TimelineSemaphore = 1,
                BufferDeviceAddress = 1,
                VulkanMemoryModel = model,
                VulkanMemoryModelDeviceScope = model,
            };
            Vulkan11Features version11 = new() { Type = StructureType.Vulkan11Features, Next = &version12, StorageBuffer16BitAccess = 1 };
            DeviceFeatures2 features = new() { Type = StructureType.DeviceFeatures2, Next = &version11, ShaderInt64 = 1, ShaderInt16 = 1 };
            float priority = 1;
            QueueCreateInfo queue = new() { Type = StructureType.DeviceQueueCreateInfo, Family = info.QueueFamily, Count = 1, Priorities = &priority };
            DeviceCreateInfo create = new()
            {
                Type = StructureType.DeviceCreateInfo,
                Next = &features,
                QueueCount = 1,
                Queues = &queue,
                ExtensionCount = count,
                ExtensionNames = names,
            };
            nint created = 0;
            VulkanResult outcome = instance.CreateDevice(info.Handle, &create, null, &created);
            device = created;
            return outcome;
        });
        VulkanFailure.Check(result, "open the device", info.Name);
        return device;
    }

    /// <summary>The structures of the extensions that are there, one behind the other.</summary>
    private static void* Chain(IReadOnlyCollection<string> extensions, ExtensionFeatures* subgroups, ExtensionFeatures* dot, ExtensionFeatures* matrix)
    {
        void* first = null;
        foreach ((string name, nint features) in new[]
        {
            (PhysicalDevice.SubgroupSizeControl, (nint)subgroups),
            (PhysicalDevice.IntegerDotProduct, (nint)dot),
            (PhysicalDevice.CooperativeMatrixExtension, (nint)matrix),
        })
        {
            if (extensions.Contains(name))
            {
                ((ExtensionFeatures*)features)->Next = first;
                first = (void*)features;
            }
        }

        return first;
    }
}
