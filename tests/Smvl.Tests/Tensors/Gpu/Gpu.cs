using System.Runtime.CompilerServices;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>
/// The Vulkan device that tests run on: the one that SMVL_DEVICE names, else the first of this machine, Mesa's llvmpipe where there is no other. Khronos' validation layer
/// watches every call of this process and of the programs it starts where it is installed. What asks for no device computes on the CPU.
/// </summary>
internal static class Gpu
{
    private static readonly Lazy<GpuDevice> SharedDevice = new(() => Open());

    /// <summary>The device; skips the test where there is none.</summary>
    public static GpuDeviceInfo Info
    {
        get
        {
            _ = DeviceChoice.TryParse(Environment.GetEnvironmentVariable(Backends.Variable) ?? "", out DeviceChoice choice);
            GpuDeviceInfo? info = GpuDeviceInfo.List().FirstOrDefault(device => device.Unusable is null && (choice.Index ?? device.Index) == device.Index);
            Assert.SkipWhen(info is null, "no Vulkan device is present (Debian: mesa-vulkan-drivers and libvulkan1)");
            return info;
        }
    }

    private static bool IsLayerInstalled => Array.Exists(
        ["/usr/share/vulkan/explicit_layer.d", "/etc/vulkan/explicit_layer.d", "/usr/local/share/vulkan/explicit_layer.d"],
        folder => File.Exists(Path.Combine(folder, "VkLayer_khronos_validation.json")));

    /// <summary>Before anything starts Vulkan in this process.</summary>
    [ModuleInitializer]
    internal static void Prepare()
    {
        Environment.SetEnvironmentVariable(Backends.Variable, Environment.GetEnvironmentVariable(Backends.Variable) ?? "cpu");
        if (IsLayerInstalled)
        {
            Environment.SetEnvironmentVariable(VulkanInstance.ValidationVariable, "1");
        }
    }

    /// <summary>The device opened for one test, with memory and kernels of its own.</summary>
    /// <param name="options">null for the defaults, without anything kept from another run</param>
    public static GpuDevice Open(GpuOptions? options = null) => GpuDevice.Open(Info, options ?? new GpuOptions { CacheFolder = null });

    /// <summary>A backend on it.</summary>
    public static GpuBackend Backend(GpuOptions? options = null) => new(Open(options));

    /// <summary>A backend on the device that tests share, whose kernels are made once.</summary>
    public static GpuBackend Shared()
    {
        _ = Info;
        return new GpuBackend(SharedDevice.Value, ownsDevice: false);
    }

    /// <summary>The validation layer has said nothing so far.</summary>
    public static void CheckMessages()
    {
        Assert.Equal(IsLayerInstalled, VulkanInstance.IsWatched);
        Assert.Empty(ValidationMessages.All);
    }
}
