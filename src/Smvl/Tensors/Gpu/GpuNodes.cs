namespace Smvl.Tensors.Gpu;

/// <summary>
/// Whether the system shows any GPU, told without loading a driver, which takes time and, of a software driver, 50 MB. On Linux the
/// kernel's driver of a GPU makes device files; where others are used, <c>--device gpu</c> still finds it.
/// </summary>
internal static class GpuNodes
{
    // DRM's render nodes (AMD, Intel, and most others), NVIDIA's own and Tegra's, WSL's, Arm's and Qualcomm's
    private static readonly string[] Patterns = ["dri/renderD*", "nvidia*", "nvhost*", "nvgpu*", "dxg", "mali*", "kgsl*"];

    /// <summary>True also wherever it cannot be told so.</summary>
    public static bool Any => !OperatingSystem.IsLinux() || AnyIn("/dev");

    /// <param name="devices">the folder of device files</param>
    internal static bool AnyIn(string devices) => Patterns.Any(pattern =>
    {
        string path = Path.Combine(devices, pattern), folder = Path.GetDirectoryName(path)!;
        return Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder, Path.GetFileName(pattern)).Any();
    });
}
