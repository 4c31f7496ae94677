using System.Runtime.InteropServices;

namespace Smvl.Formats.Parquet;

/// <summary>
/// The system's libzstd. It is loaded by name and called through function pointers, because a DllImport resolver can be set once
/// per assembly only and the library's file name differs from system to system.
/// Source: zstd.h, "Simple Core API".
/// </summary>
internal static unsafe class Zstd
{
    /// <summary>zstd_errors.h: ZSTD_error_dstSize_tooSmall.</summary>
    private const int TargetTooSmall = 70;

    private static readonly Lazy<Library?> Loaded = new(Load);

    /// <exception cref="SmvlException">libzstd is not installed</exception>
    public static void CheckInstalled() => _ = Installed();

    /// <summary>Decompresses into <paramref name="target"/>; returns the bytes written, or -1 if it is too small.</summary>
    /// <exception cref="InvalidDataException">the stream is damaged</exception>
    /// <exception cref="SmvlException">libzstd is not installed</exception>
    public static int Decompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        Library library = Installed();
        nuint result;
        fixed (byte* from = source, to = target)
        {
            result = library.Decompress(to, (nuint)target.Length, from, (nuint)source.Length);
        }

        // errors are returned as (size_t)-code, zstd_errors.h
        if (library.IsError(result) == 0)
        {
            return (int)result;
        }

        return (int)-(nint)result == TargetTooSmall
            ? -1
            : throw new InvalidDataException($"zstd data is damaged: {Marshal.PtrToStringUTF8((nint)library.ErrorName(result))}");
    }

    private static Library Installed() => Loaded.Value ?? throw new SmvlException(
        "a parquet file is compressed with zstd, and libzstd was not found",
        expected: string.Join(" or ", Names()),
        hint: OperatingSystem.IsMacOS() ? "install it: brew install zstd" : "install it: apt install libzstd1");

    private static string[] Names() =>
        OperatingSystem.IsMacOS() ? ["libzstd.dylib", "/opt/homebrew/lib/libzstd.dylib", "/usr/local/lib/libzstd.dylib"]
        : OperatingSystem.IsWindows() ? ["libzstd.dll", "zstd.dll"]
        : ["libzstd.so.1"];

    private static Library? Load()
    {
        foreach (string name in Names())
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
            {
                return new Library(handle);
            }
        }

        return null;
    }

    private sealed class Library(nint handle)
    {
        public readonly delegate* unmanaged<byte*, nuint, byte*, nuint, nuint> Decompress =
            (delegate* unmanaged<byte*, nuint, byte*, nuint, nuint>)NativeLibrary.GetExport(handle, "ZSTD_decompress");

        public readonly delegate* unmanaged<nuint, uint> IsError =
            (delegate* unmanaged<nuint, uint>)NativeLibrary.GetExport(handle, "ZSTD_isError");

        public readonly delegate* unmanaged<nuint, byte*> ErrorName =
            (delegate* unmanaged<nuint, byte*>)NativeLibrary.GetExport(handle, "ZSTD_getErrorName");
    }
}
