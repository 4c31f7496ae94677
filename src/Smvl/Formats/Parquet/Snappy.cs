using System.Buffers.Binary;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Decompresses snappy's raw format (no framing): a varint length, then literals and back references.
/// Source: https://github.com/google/snappy/blob/main/format_description.txt
/// </summary>
internal static class Snappy
{
    /// <summary>The densest element is 3 bytes standing for 64, so nothing grows more than this.</summary>
    public const int MaxRatio = 22;

    /// <summary>Fills <paramref name="target"/> from the stream's start; a shorter target than <paramref name="size"/> gets the first bytes only.</summary>
    /// <param name="source">the stream</param>
    /// <param name="size">the length that the stream must announce</param>
    /// <param name="target">at most <paramref name="size"/> bytes, overwritten</param>
    /// <exception cref="InvalidDataException">the stream is damaged or of another length</exception>
    public static void Decompress(ReadOnlySpan<byte> source, int size, Span<byte> target)
    {
        int at = 0;
        ulong length = 0;
        for (int shift = 0; ; shift += 7)
        {
            if (at == source.Length || shift > 28)
            {
                throw new InvalidDataException("snappy data has no valid length");
            }

            byte part = source[at++];
            length |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                break;
            }
        }

        if (length != (ulong)size)
        {
            throw new InvalidDataException($"snappy data announces {length} bytes where {size} were expected");
        }

        int filled = 0;
        bool isPrefix = target.Length < size;
        while (at < source.Length && !(isPrefix && filled == target.Length))
        {
            int tag = source[at++];
            int kind = tag & 3;
            int count;
            if (kind == 0)
            {
                count = Literal(source, ref at, tag >> 2);
                count = isPrefix ? Math.Min(count, target.Length - filled) : count;
                if (count > source.Length - at || count > target.Length - filled)
                {
                    throw new InvalidDataException("snappy literal runs over the end");
                }

                source.Slice(at, count).CopyTo(target[filled..]);
                at += count;
                filled += count;
                continue;
            }

            int extra = kind == 3 ? 4 : kind;
            if (extra > source.Length - at)
            {
                throw new InvalidDataException("snappy data ends inside a reference");
            }

            uint distance = kind switch
            {
                1 => (uint)((tag >> 5) << 8 | source[at]),
                2 => BinaryPrimitives.ReadUInt16LittleEndian(source[at..]),
                _ => BinaryPrimitives.ReadUInt32LittleEndian(source[at..]),
            };
            at += extra;
            count = kind == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
            count = isPrefix ? Math.Min(count, target.Length - filled) : count;
            if (distance == 0 || distance > (uint)filled || count > target.Length - filled)
            {
                throw new InvalidDataException("snappy reference points outside the data");
            }

            Repeat(target, filled, (int)distance, count);
            filled += count;
        }

        if (filled != target.Length)
        {
            throw new InvalidDataException($"snappy data ends after {filled} of {target.Length} bytes");
        }
    }

    // Lengths up to 60 stand in the tag, greater ones in 1 to 4 bytes behind it. Anything too large to be true becomes int.MaxValue.
    private static int Literal(ReadOnlySpan<byte> source, ref int at, int code)
    {
        if (code < 60)
        {
            return code + 1;
        }

        int bytes = code - 59;
        if (bytes > source.Length - at)
        {
            throw new InvalidDataException("snappy data ends inside a literal's length");
        }

        uint count = 0;
        for (int i = 0; i < bytes; i++)
        {
            count |= (uint)source[at++] << (8 * i);
        }

        return count < int.MaxValue ? (int)count + 1 : int.MaxValue;
    }

    // A reference may overlap what it writes: then the last `distance` bytes repeat.
    private static void Repeat(Span<byte> target, int at, int distance, int count)
    {
        if (distance >= count)
        {
            target.Slice(at - distance, count).CopyTo(target[at..]);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            target[at + i] = target[at - distance + i];
        }
    }
}
