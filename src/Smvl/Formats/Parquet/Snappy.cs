using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Snappy's raw format (no framing): a varint length, then literals and back references.
/// Source: https://github.com/google/snappy/blob/main/format_description.txt
/// </summary>
internal static class Snappy
{
    /// <summary>The densest element is 3 bytes standing for 64, so nothing grows more than this.</summary>
    public const int MaxRatio = 22;

    /// <summary>Back references are looked for up to here, so that two bytes tell the distance.</summary>
    private const int Window = ushort.MaxValue;

    private const int ShortestMatch = 4, LongestReference = 64, HashBits = 14;

    /// <summary>A stream of the data, each match the latest place that began with the same four bytes.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> source)
    {
        var stream = new ArrayBufferWriter<byte>(source.Length + 16);
        uint length = (uint)source.Length;
        for (; length > 127; length >>= 7)
        {
            stream.Write([(byte)(length | 128)]);
        }

        stream.Write([(byte)length]);
        var latest = new int[1 << HashBits]; // a place + 1 by the hash of the four bytes there; 0 for none
        int written = 0;
        for (int at = 0; at <= source.Length - ShortestMatch;)
        {
            uint four = BinaryPrimitives.ReadUInt32LittleEndian(source[at..]);
            ref int slot = ref latest[(four * 0x9E3779B1u) >> (32 - HashBits)];
            int match = slot - 1;
            slot = at + 1;
            if (match < 0 || at - match > Window || BinaryPrimitives.ReadUInt32LittleEndian(source[match..]) != four)
            {
                at++;
                continue;
            }

            WriteLiteral(stream, source[written..at]);
            int count = source[at..].CommonPrefixLength(source[match..]);
            WriteReference(stream, at - match, count);
            at += count;
            written = at;
        }

        WriteLiteral(stream, source[written..]);
        return stream.WrittenSpan.ToArray();
    }

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

    private static void WriteLiteral(ArrayBufferWriter<byte> stream, ReadOnlySpan<byte> literal)
    {
        if (literal.IsEmpty)
        {
            return;
        }

        uint code = (uint)literal.Length - 1;
        int bytes = code < 60 ? 0 : (BitOperations.Log2(code) / 8) + 1;
        stream.Write([(byte)((bytes == 0 ? code : 59 + (uint)bytes) << 2)]);
        for (int i = 0; i < bytes; i++, code >>= 8)
        {
            stream.Write([(byte)code]);
        }

        stream.Write(literal);
    }

    private static void WriteReference(ArrayBufferWriter<byte> stream, int distance, int count)
    {
        for (int part; count > 0; count -= part)
        {
            part = Math.Min(count, LongestReference);
            if (part is >= 4 and < 12 && distance < 1 << 11)
            {
                stream.Write([(byte)(((distance >> 8) << 5) | ((part - 4) << 2) | 1), (byte)distance]);
            }
            else
            {
                stream.Write([(byte)(((part - 1) << 2) | 2), (byte)distance, (byte)(distance >> 8)]);
            }
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
