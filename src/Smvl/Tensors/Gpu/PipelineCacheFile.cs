using System.Buffers.Binary;
using System.IO.Hashing;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// A driver's compiled kernels in a file: a mark, a hash of the rest, and the data as the driver gave it. Drivers may trust what they are
/// given, so nothing is handed to one that is not, byte for byte, what it wrote for this device.
/// </summary>
internal static class PipelineCacheFile
{
    private const ulong Mark = 0x3150495043564D53;   // "SMVCPIP1"
    private const int HashAt = sizeof(ulong), DataAt = 2 * sizeof(ulong);

    // VkPipelineCacheHeaderVersionOne
    private const int HeaderBytes = 32, UuidAt = 16;
    private const uint HeaderVersion = 1;

    /// <summary>The data.</summary>
    /// <param name="path">of the file</param>
    /// <param name="device">whose driver is to get it</param>
    /// <param name="refused">why there is none though there is a file; null otherwise</param>
    /// <returns>empty where there is no file, or none to be used</returns>
    public static byte[] Read(string path, GpuIdentity device, out string? refused)
    {
        refused = null;
        byte[] file;
        try
        {
            if (!File.Exists(path))
            {
                return [];
            }

            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refused = $"it cannot be read ({e.Message})";
            return [];
        }

        if (file.Length < DataAt + HeaderBytes || Word64(0) != Mark || Word64(HashAt) != XxHash3.HashToUInt64(file.AsSpan(DataAt)))
        {
            refused = "it is damaged";
            return [];
        }

        ReadOnlySpan<byte> header = file.AsSpan(DataAt, HeaderBytes);
        if (Word(header, 0) != HeaderBytes || Word(header, 4) != HeaderVersion || Word(header, 8) != device.Vendor || Word(header, 12) != device.Model
            || new Guid(header.Slice(UuidAt, 16)) != device.PipelineCache)
        {
            refused = "it is of another device or driver";
            return [];
        }

        return file[DataAt..];

        ulong Word64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));

        static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
    }

    /// <summary>The file for data that a driver gave.</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> data)
    {
        byte[] file = new byte[DataAt + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, Mark);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(HashAt), XxHash3.HashToUInt64(data));
        data.CopyTo(file.AsSpan(DataAt));
        return file;
    }
}
