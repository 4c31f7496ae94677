namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>
/// A Vulkan instance with the functions of instances and physical devices. One serves the whole process; it is never destroyed, as
/// devices of it may be open until the end. With <see cref="ValidationVariable"/> set to 1 Khronos' validation layer watches all calls
/// and <see cref="ValidationMessages"/> holds what it said.
/// </summary>
internal sealed unsafe class VulkanInstance
{
    /// <summary>The environment variable that turns the validation layer on.</summary>
    public const string ValidationVariable = "SMVL_GPU_VALIDATION";

    private const string ValidationLayer = "VK_LAYER_KHRONOS_validation";
    private const string DebugUtils = "VK_EXT_debug_utils";
    private const string Portability = "VK_KHR_portability_enumeration";

    private static readonly Lazy<VulkanInstance?> Shared = new(() => VulkanLoader.IsPresent ? Create() : null);

    private readonly delegate* unmanaged<nint, uint*, nint*, VulkanResult> enumeratePhysicalDevices;

    private VulkanInstance(nint handle)
    {
        Handle = handle;
        enumeratePhysicalDevices = (delegate* unmanaged<nint, uint*, nint*, VulkanResult>)Get("vkEnumeratePhysicalDevices"u8);
        GetProperties = (delegate* unmanaged<nint, DeviceProperties2*, void>)Get("vkGetPhysicalDeviceProperties2"u8);
        GetFeatures = (delegate* unmanaged<nint, DeviceFeatures2*, void>)Get("vkGetPhysicalDeviceFeatures2"u8);
        GetMemory = (delegate* unmanaged<nint, DeviceMemoryProperties2*, void>)Get("vkGetPhysicalDeviceMemoryProperties2"u8);
        GetQueueFamilies =
            (delegate* unmanaged<nint, uint*, QueueFamilyProperties*, void>)Get("vkGetPhysicalDeviceQueueFamilyProperties"u8);
        EnumerateExtensions = (delegate* unmanaged<nint, byte*, uint*, ExtensionProperties*, VulkanResult>)Get(
            "vkEnumerateDeviceExtensionProperties"u8);
        CreateDevice = (delegate* unmanaged<nint, DeviceCreateInfo*, void*, nint*, VulkanResult>)Get("vkCreateDevice"u8);
        GetCooperativeMatrices = (delegate* unmanaged<nint, uint*, CooperativeMatrixProperties*, VulkanResult>)VulkanLoader.Find(
            handle, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"u8);
    }

    /// <summary>True if the validation layer watches.</summary>
    public static bool IsWatched { get; private set; }

    /// <summary>The process' instance; null where there is no Vulkan loader or no driver that it accepts.</summary>
    public static VulkanInstance? Instance => Shared.Value;

    public nint Handle { get; }

    public delegate* unmanaged<nint, DeviceProperties2*, void> GetProperties { get; }

    public delegate* unmanaged<nint, DeviceFeatures2*, void> GetFeatures { get; }

    public delegate* unmanaged<nint, DeviceMemoryProperties2*, void> GetMemory { get; }

    public delegate* unmanaged<nint, uint*, QueueFamilyProperties*, void> GetQueueFamilies { get; }

    public delegate* unmanaged<nint, byte*, uint*, ExtensionProperties*, VulkanResult> EnumerateExtensions { get; }

    public delegate* unmanaged<nint, DeviceCreateInfo*, void*, nint*, VulkanResult> CreateDevice { get; }

    /// <summary>Null where the loader does not know it.</summary>
    public delegate* unmanaged<nint, uint*, CooperativeMatrixProperties*, VulkanResult> GetCooperativeMatrices { get; }

    /// <summary>The physical devices' handles.</summary>
    public nint[] PhysicalDevices()
    {
        uint count = 0;
        VulkanFailure.Check(enumeratePhysicalDevices(Handle, &count, null), "list Vulkan's devices");
        var devices = new nint[count];
        fixed (nint* pointer = devices)
        {
            VulkanFailure.Check(enumeratePhysicalDevices(Handle, &count, pointer), "list Vulkan's devices");
        }

        return devices[..(int)count];
    }

    private static VulkanInstance? Create()
    {
        List<string> layers = [], extensions = [];
        bool validation = Environment.GetEnvironmentVariable(ValidationVariable) == "1";
        if (validation)
        {
            if (!HasLayer(ValidationLayer))
            {
                throw new SmvlException(
                    $"{ValidationVariable} is 1, but Vulkan's validation layer is not installed",
                    hint: "install it (Debian: vulkan-validationlayers), or unset the variable");
            }

            layers.Add(ValidationLayer);
            extensions.Add(DebugUtils);
        }

        bool portability = HasExtension(Portability);
        if (portability)
        {
            extensions.Add(Portability);
        }

        nint handle = 0;
        VulkanResult result = VulkanText.With(layers, (layerNames, layerCount) => VulkanText.With(extensions, (names, count) =>
        {
            ApplicationInfo application = new() { Type = StructureType.ApplicationInfo, ApiVersion = VulkanLoader.Version12 };
            InstanceCreateInfo info = new()
            {
                Type = StructureType.InstanceCreateInfo,
                Flags = portability ? 1u : 0,   // VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR: MoltenVK is listed with it only
                Application = &application,
                LayerCount = layerCount,
                LayerNames = layerNames,
                ExtensionCount = count,
                ExtensionNames = names,
            };
            var create = (delegate* unmanaged<InstanceCreateInfo*, void*, nint*, VulkanResult>)VulkanLoader.Get(0, "vkCreateInstance"u8);
            nint created;
            VulkanResult outcome = create(&info, null, &created);
            handle = outcome == VulkanResult.Success ? created : 0;
            return outcome;
        }));
        if (result == VulkanResult.IncompatibleDriver)
        {
            return null;
        }

        VulkanFailure.Check(result, "start Vulkan");
        if (validation)
        {
            ValidationMessages.Attach(handle);
            IsWatched = true;
        }

        return new VulkanInstance(handle);
    }

    private static bool HasLayer(string name)
    {
        var enumerate = (delegate* unmanaged<uint*, LayerProperties*, VulkanResult>)VulkanLoader.Get(
            0, "vkEnumerateInstanceLayerProperties"u8);
        uint count = 0;
        VulkanFailure.Check(enumerate(&count, null), "list Vulkan's layers");
        var layers = new LayerProperties[count];
        fixed (LayerProperties* pointer = layers)
        {
            VulkanFailure.Check(enumerate(&count, pointer), "list Vulkan's layers");
            for (int i = 0; i < count; i++)
            {
                if (VulkanText.Read(pointer[i].Name) == name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool HasExtension(string name)
    {
        var enumerate = (delegate* unmanaged<byte*, uint*, ExtensionProperties*, VulkanResult>)VulkanLoader.Get(
            0, "vkEnumerateInstanceExtensionProperties"u8);
        uint count = 0;
        VulkanFailure.Check(enumerate(null, &count, null), "list Vulkan's extensions");
        var extensions = new ExtensionProperties[count];
        fixed (ExtensionProperties* pointer = extensions)
        {
            VulkanFailure.Check(enumerate(null, &count, pointer), "list Vulkan's extensions");
            for (int i = 0; i < count; i++)
            {
                if (VulkanText.Read(pointer[i].Name) == name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private nint Get(ReadOnlySpan<byte> name) => VulkanLoader.Get(Handle, name);
}
