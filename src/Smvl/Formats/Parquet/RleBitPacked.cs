using System.Numerics;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Reads parquet's hybrid of run lengths and bit-packed groups, which holds levels and dictionary indices.
/// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md, "RLE / Bit-Packing Hybrid".
/// </summary>
internal ref struct RleBitPacked(ReadOnlySpan<byte> data, int bitWidth)
{
    private readonly ReadOnlySpan<byte> data = data;
    private readonly int bitWidth = bitWidth;
    private int position;

    /// <summary>The bits a level between 0 and <paramref name="max"/> takes.</summary>
    public static int Width(int max) => 32 - BitOperations.LeadingZeroCount((uint)max);

    /// <summary>Fills <paramref name="values"/>; each must be at most <paramref name="max"/>.</summary>
    public static void Read<T>(ReadOnlySpan<byte> data, int bitWidth, uint max, Span<T> values)
        where T : unmanaged, IBinaryInteger<T>
    {
        var reader = new RleBitPacked(data, bitWidth);
        while (!values.IsEmpty)
        {
            int count = reader.NextRun(values.Length, out uint value, out ReadOnlySpan<byte> packed);
            if (packed.IsEmpty)
            {
                CheckMax(value, max);
                values[..count].Fill(T.CreateTruncating(value));
            }
            else
            {
                var bits = new BitReader(packed, bitWidth);
                for (int i = 0; i < count; i++)
                {
                    value = bits.Next();
                    CheckMax(value, max);
                    values[i] = T.CreateTruncating(value);
                }
            }

            values = values[count..];
        }
    }

    /// <summary>
    /// Counts the zeros among <paramref name="count"/> values, run by run: the time depends on the data's size, not on the count it
    /// claims. <paramref name="first"/> is the first value, 0 if there is none.
    /// </summary>
    public static int CountZeros(ReadOnlySpan<byte> data, int bitWidth, int count, out uint first)
    {
        var reader = new RleBitPacked(data, bitWidth);
        int zeros = 0;
        first = 0;
        for (int done = 0; done < count;)
        {
            int run = reader.NextRun(count - done, out uint value, out ReadOnlySpan<byte> packed);
            if (packed.IsEmpty)
            {
                zeros += value == 0 ? run : 0;
                first = done == 0 ? value : first;
            }
            else
            {
                var bits = new BitReader(packed, bitWidth);
                for (int i = 0; i < run; i++)
                {
                    value = bits.Next();
                    zeros += value == 0 ? 1 : 0;
                    first = done + i == 0 ? value : first;
                }
            }

            done += run;
        }

        return zeros;
    }

    /// <summary>
    /// The next run's length, at most <paramref name="limit"/>: of one value, or bit-packed if <paramref name="packed"/> is not empty.
    /// A zero-wide stream is one run of zeros, whether or not it has a header.
    /// </summary>
    private int NextRun(int limit, out uint value, out ReadOnlySpan<byte> packed)
    {
        value = 0;
        packed = default;
        if (bitWidth == 0)
        {
            return limit;
        }

        while (true)
        {
            ulong header = Varint();
            ulong count = header >> 1;
            if ((header & 1) == 0)
            {
                int bytes = (bitWidth + 7) / 8;
                Need(bytes);
                value = 0;
                for (int i = 0; i < bytes; i++)
                {
                    value |= (uint)data[position + i] << (8 * i);
                }

                position += bytes;
                if (count > 0)
                {
                    return (int)Math.Min(count, (ulong)limit);
                }
            }
            else if (count > 0)
            {
                // the padding of the last group may be cut off, the values asked for may not
                int run = (int)Math.Min(count * 8, (ulong)limit);
                long needed = ((long)run * bitWidth + 7) / 8;
                Need(needed);
                packed = data.Slice(position, (int)needed);
                position += (int)Math.Min(count * (ulong)bitWidth, (ulong)(data.Length - position));
                return run;
            }
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            Need(1);
            byte part = data[position++];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("run length is longer than 32 bits");
    }

    private readonly void Need(long bytes)
    {
        if (bytes > data.Length - position)
        {
            throw new InvalidDataException("levels or indices end too early");
        }
    }

    private static void CheckMax(uint value, uint max)
    {
        if (value > max)
        {
            throw new InvalidDataException($"level or dictionary index {value} is greater than {max}");
        }
    }
}

/// <summary>Unpacks unsigned numbers of 1 to 32 bits, lowest bit first. The caller has checked that there are enough bytes.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> data, int width)
{
    private readonly ReadOnlySpan<byte> data = data;
    private readonly ulong mask = (1UL << width) - 1;
    private ulong buffer;
    private int buffered;
    private int position;

    public uint Next()
    {
        while (buffered < width)
        {
            buffer |= (ulong)data[position++] << buffered;
            buffered += 8;
        }

        uint value = (uint)(buffer & mask);
        buffer >>= width;
        buffered -= width;
        return value;
    }
}
