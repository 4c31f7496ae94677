using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>What Khronos' validation layer said in this process: errors and warnings, which are defects of this program or of a driver.</summary>
internal static unsafe class ValidationMessages
{
    private const uint WarningsAndErrors = 0x100 | 0x1000;
    private const uint ValidationAndPerformance = 2 | 4;

    private static readonly ConcurrentQueue<string> Said = new();

    /// <summary>All of them, the oldest first.</summary>
    public static IReadOnlyList<string> All => [.. Said];

    /// <summary>Listens to an instance that was made with VK_EXT_debug_utils.</summary>
    public static void Attach(nint instance)
    {
        MessengerCreateInfo info = new()
        {
            Type = StructureType.DebugMessengerCreateInfo,
            Severity = WarningsAndErrors,
            MessageType = ValidationAndPerformance,
            Callback = &Keep,
        };
        var create = (delegate* unmanaged<nint, MessengerCreateInfo*, void*, ulong*, VulkanResult>)VulkanLoader.Get(
            instance, "vkCreateDebugUtilsMessengerEXT"u8);
        ulong messenger;
        VulkanFailure.Check(create(instance, &info, null, &messenger), "listen to Vulkan's validation layer");
    }

    [UnmanagedCallersOnly]
    private static uint Keep(uint severity, uint type, MessengerData* data, void* user)
    {
        string message = VulkanText.Read(data->Message);
        Said.Enqueue(message);
        Console.Error.WriteLine($"vulkan: {message}");
        return 0;
    }
}
