using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Smvl.Formats;
using Smvl.Hubs;

namespace Smvl.Data;

/// <summary>
/// Keeps the row indexes of large JSON files in the user's caches, so that a second start does not read through them again. An entry
/// counts as long as its file's size and time of change are the same. Nothing is ever written beside the data, and entries may be
/// deleted at any time; where none can be written, a note says so once and the run goes on.
/// </summary>
/// <param name="folder">where entries are kept; made when the first one is written</param>
/// <param name="smallest">bytes; smaller files are read through at every start</param>
internal sealed class RowIndexCache(string folder, long smallest = RowIndexCache.DefaultSmallest)
{
    /// <summary>Reading through so much takes less than a tenth of a second.</summary>
    public const long DefaultSmallest = 16 << 20;

    private const int HeaderBytes = 40;

    private bool complained;

    /// <summary><c>XDG_CACHE_HOME/smvl/rows</c>, or <c>~/.cache/smvl/rows</c>.</summary>
    public static RowIndexCache OfProcess() => new(Path.Combine(HubEnvironment.OfProcess.Caches, "smvl", "rows"));

    private static ReadOnlySpan<byte> Magic => "SMVLROW1"u8;

    /// <summary>The file's index: kept, or made now.</summary>
    /// <param name="path">the file</param>
    /// <param name="handle">the same, open</param>
    /// <param name="notes">gets a line where the index cannot be kept</param>
    /// <exception cref="SmvlException">as <see cref="JsonRowScanner.Scan"/></exception>
    public RowIndex Get(string path, SafeFileHandle handle, List<string> notes)
    {
        long length = RandomAccess.GetLength(handle), changed = File.GetLastWriteTimeUtc(handle).Ticks;
        if (length < smallest)
        {
            return Scan(path);
        }

        string entry = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(path))))[..32]);
        if (Read(entry, length, changed) is { } kept)
        {
            return kept;
        }

        RowIndex made = Scan(path);
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(entry, stream => Write(stream, made, length, changed));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !complained)
        {
            complained = true;
            notes.Add($"the index of {path} cannot be kept in {folder} ({e.Message}): every start reads through the file again; XDG_CACHE_HOME names another folder");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // said once
        }

        return made;
    }

    private static RowIndex Scan(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return JsonRowScanner.Scan(path, stream);
    }

    // magic, the file's length, its time of change, form, checksum; then the starts, all as little-endian 64-bit numbers
    private static void Write(Stream stream, RowIndex index, long length, long changed)
    {
        byte[] starts = Bytes(index.Starts);
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), length);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), changed);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), (long)index.Form);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), Crc32.Compute(starts));
        stream.Write(header);
        stream.Write(starts);
    }

    /// <summary>Null where there is none, or another file's, or a damaged one: all of them are made again.</summary>
    private static RowIndex? Read(string entry, long length, long changed)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(entry);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        if (bytes.Length < HeaderBytes + sizeof(long) || bytes.Length % sizeof(long) != 0 || !bytes.AsSpan().StartsWith(Magic)
            || Number(8) != length || Number(16) != changed || Number(24) is not (0 or 1) || Number(32) != Crc32.Compute(bytes.AsSpan(HeaderBytes)))
        {
            return null;
        }

        long[] starts = new long[(bytes.Length - HeaderBytes) / sizeof(long)];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = Number(HeaderBytes + (i * sizeof(long)));
        }

        return new RowIndex((JsonRowForm)Number(24), starts);

        long Number(int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
    }

    private static byte[] Bytes(long[] numbers)
    {
        byte[] bytes = new byte[numbers.Length * sizeof(long)];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), numbers[i]);
        }

        return bytes;
    }
}
