using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>Vulkan's zero-terminated text.</summary>
internal static unsafe class VulkanText
{
    /// <summary>What the bytes say.</summary>
    public static string Read(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>Calls with an array of names, which lives as long as the call.</summary>
    public static T With<T>(IReadOnlyList<string> names, Names<T> call)
    {
        byte** pointers = stackalloc byte*[Math.Max(names.Count, 1)];
        for (int i = 0; i < names.Count; i++)
        {
            pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(names[i]);
        }

        try
        {
            return call(pointers, (uint)names.Count);
        }
        finally
        {
            for (int i = 0; i < names.Count; i++)
            {
                Marshal.FreeCoTaskMem((nint)pointers[i]);
            }
        }
    }

    /// <summary>What is done with names.</summary>
    internal delegate T Names<T>(byte** names, uint count);
}
