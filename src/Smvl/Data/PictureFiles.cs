using Microsoft.Win32.SafeHandles;

namespace Smvl.Data;

/// <summary>Finds and reads the pictures that the rows of a JSON file name: paths, <c>file://</c> addresses, or <c>data:</c> addresses that hold them.</summary>
/// <param name="rowFile">the JSON file; relative paths are looked for beside it</param>
/// <param name="imageFolder">where they are looked for first; null: nowhere else</param>
internal sealed class PictureFiles(string rowFile, string? imageFolder)
{
    private readonly string beside = Path.GetDirectoryName(Path.GetFullPath(rowFile))!;

    /// <summary>The picture's file, whose bytes belong to the caller.</summary>
    /// <exception cref="InvalidDataException">it is missing, empty, cannot be read, or lies on the network</exception>
    public NativeBytes Read(string reference)
    {
        if (reference.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return NativeBytes.Of(Embedded(reference));
        }

        if (reference.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || reference.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException($"the picture {reference} lies on the network, and none is fetched while training: download it and name its file");
        }

        string path = reference.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? new Uri(reference).LocalPath : reference;
        string[] places = [.. new[] { imageFolder, beside }.OfType<string>().Select(folder => Path.Combine(folder, path)).Distinct()];
        string found = places.FirstOrDefault(File.Exists)
            ?? throw new InvalidDataException($"the picture {reference} is missing: there is no {string.Join(" and no ", places)}");
        try
        {
            return ReadFile(found);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the picture {found} cannot be read: {e.Message}", e);
        }
    }

    private static NativeBytes ReadFile(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        long length = RandomAccess.GetLength(handle);
        if (length is 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"the picture {path} has {length} bytes");
        }

        var bytes = new NativeBytes((int)length);
        for (int at = 0, read; at < bytes.Length; at += read)
        {
            read = RandomAccess.Read(handle, bytes.Span[at..], at);
            if (read == 0)
            {
                ((IDisposable)bytes).Dispose();
                throw new InvalidDataException($"the picture {path} became shorter while it was read");
            }
        }

        return bytes;
    }

    private static byte[] Embedded(string reference)
    {
        int comma = reference.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !reference[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException("the row's data: address is not in base64");
        }

        try
        {
            return Convert.FromBase64String(reference[(comma + 1)..]);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"the row's data: address is not in base64: {e.Message}", e);
        }
    }
}
