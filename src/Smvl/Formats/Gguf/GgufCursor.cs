using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Smvl.Tensors;

namespace Smvl.Formats.Gguf;

/// <summary>
/// Walks over a mapped GGUF file and never beyond its end: every length and count is held against the bytes that are left before
/// anything is made of it.
/// </summary>
internal sealed unsafe class GgufCursor(string path, MappedStorage storage)
{
    /// <summary>Bytes taken so far.</summary>
    public long Position { get; private set; }

    public long Left => storage.ByteLength - Position;

    /// <param name="what">for errors: what would stand here</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    /// <inheritdoc cref="U32"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    /// <summary>A count of things of at least so many bytes each.</summary>
    public long Count(string what, int leastBytes)
    {
        long at = Position;
        ulong count = U64(what);
        return count <= (ulong)(Left / leastBytes)
            ? (long)count
            : throw new SmvlException($"{what} at byte {at} is impossible", path, $"at most {Left / leastBytes}", $"{count}", "the file is cut short or damaged");
    }

    /// <summary>A string's bytes, which are UTF-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ReadOnlySpan<byte> Utf8(string what)
    {
        long at = Position;
        ulong length = U64(what);
        if (length > (ulong)Math.Min(Left, int.MaxValue))
        {
            throw new SmvlException(
                $"the length of {what} at byte {at} is impossible", path, $"at most {Math.Min(Left, int.MaxValue)}", $"{length}", "the file is cut short or damaged");
        }

        ReadOnlySpan<byte> utf8 = Take((long)length, what);
        return System.Text.Unicode.Utf8.IsValid(utf8) ? utf8 : throw new SmvlException($"{what} at byte {at} is not UTF-8", path, hint: "the file is damaged");
    }

    /// <summary>A string of a limited length.</summary>
    public string Text(string what, int mostBytes)
    {
        long at = Position;
        ReadOnlySpan<byte> utf8 = Utf8(what);
        return utf8.Length <= mostBytes
            ? Encoding.UTF8.GetString(utf8)
            : throw new SmvlException($"{what} at byte {at} is too long", path, $"at most {mostBytes} bytes", $"{utf8.Length}");
    }

    public void Skip(long count, string what) => _ = Take(count, what);

    private ReadOnlySpan<byte> Take(long count, string what)
    {
        if (count > Left)
        {
            throw new SmvlException(
                $"the file ends within {what}", path, $"{count} bytes at byte {Position}", $"{Left}", "the file is cut short; fetch it again");
        }

        // skipped arrays may be longer than a span can be; nobody looks at those
        var taken = new ReadOnlySpan<byte>(storage.Pointer + Position, (int)Math.Min(count, int.MaxValue));
        Position += count;
        return taken;
    }
}
