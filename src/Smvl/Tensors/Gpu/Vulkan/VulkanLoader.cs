using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>
/// The door to the system's Vulkan loader: found by name at the first use, everything else through vkGetInstanceProcAddr. On Apple's
/// systems that is the loader of the SDK or of Homebrew, or MoltenVK itself.
/// </summary>
internal static unsafe class VulkanLoader
{
    /// <summary>Vulkan 1.2.</summary>
    public const uint Version12 = (1u << 22) | (2u << 12);

    private static readonly string[] Names = OperatingSystem.IsWindows()
        ? ["vulkan-1.dll"]
        : OperatingSystem.IsMacOS() || OperatingSystem.IsIOS()
            ?
            [
                "libvulkan.1.dylib", "libMoltenVK.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/opt/homebrew/lib/libMoltenVK.dylib",
                "/usr/local/lib/libvulkan.1.dylib", "/usr/local/lib/libMoltenVK.dylib",
            ]
            : ["libvulkan.so.1", "libvulkan.so"];

    private static readonly Lazy<nint> GetInstanceProcAddr = new(Load);

    /// <summary>False where the system has no Vulkan loader.</summary>
    public static bool IsPresent => GetInstanceProcAddr.Value != 0;

    /// <summary>A function of the loader, of an instance, or null.</summary>
    /// <param name="instance">0 for the functions that need none</param>
    /// <param name="name">as in the specification</param>
    public static nint Find(nint instance, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name)
        {
            return ((delegate* unmanaged<nint, byte*, nint>)GetInstanceProcAddr.Value)(instance, text);
        }
    }

    /// <summary>The same, of a function that every loader has.</summary>
    public static nint Get(nint instance, ReadOnlySpan<byte> name)
    {
        nint function = Find(instance, name);
        return function != 0
            ? function
            : throw new SmvlException(
                $"this Vulkan loader lacks {System.Text.Encoding.UTF8.GetString(name)}", hint: "install one of Vulkan 1.2 or later");
    }

    private static nint Load()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, typeof(VulkanLoader).Assembly, null, out nint library)
                && NativeLibrary.TryGetExport(library, "vkGetInstanceProcAddr", out nint function))
            {
                return function;
            }
        }

        return 0;
    }
}
