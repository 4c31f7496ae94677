using System.Globalization;
using System.IO.Hashing;
using System.Reflection;
using Smvl.Formats;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Files that are kept for one device with one driver and these shaders, in the user's caches: a new driver or a new version of this
/// program finds none and makes its own. They may be deleted at any time.
/// </summary>
internal static class GpuCacheFile
{
    private static readonly Lazy<ulong> Shaders = new(HashShaders);

    /// <summary>Where such a file lies.</summary>
    /// <param name="caches">the user's, such as ~/.cache</param>
    /// <param name="device">whose</param>
    /// <param name="kind">what it holds: the end of its name</param>
    public static string PathOf(string caches, GpuDeviceInfo device, string kind)
    {
        string name = string.Concat(device.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '-'));
        return Path.Combine(
            caches, "smvl", "gpu",
            string.Create(CultureInfo.InvariantCulture, $"{name}-{device.Identity.Device:N}-{device.Identity.DriverVersion:x8}-{Shaders.Value:x16}.{kind}"));
    }

    /// <summary>Creates or replaces a file; what cannot be written is done without.</summary>
    public static void TryWrite(string path, byte[] bytes)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => stream.Write(bytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // the next process makes it anew
        }
    }

    /// <summary>Of every shader that is embedded, its name included.</summary>
    private static ulong HashShaders()
    {
        Assembly assembly = typeof(GpuCacheFile).Assembly;
        XxHash3 hash = new();
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".spv", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            hash.Append(System.Text.Encoding.UTF8.GetBytes(name));
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            hash.Append(stream);
        }

        return hash.GetCurrentHashAsUInt64();
    }
}
