namespace Smvl.Formats.Parquet;

/// <summary>
/// Reads 32-bit lengths in parquet's DELTA_BINARY_PACKED encoding: a first value, then blocks of bit-packed differences.
/// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md, "Delta Encoding".
/// </summary>
internal static class DeltaBinaryPacked
{
    /// <summary>Writers use blocks of 128 in 4 miniblocks.</summary>
    private const int MaxBlock = 1 << 20;

    /// <summary>Reads <paramref name="count"/> lengths, none negative, and moves <paramref name="data"/> behind them.</summary>
    public static int[] ReadLengths(ref ReadOnlySpan<byte> data, int count)
    {
        ulong blockSize = Varint(ref data);
        ulong miniblocks = Varint(ref data);
        ulong total = Varint(ref data);
        long value = ZigZag(ref data);
        if (blockSize is 0 or > MaxBlock || miniblocks == 0 || miniblocks > blockSize || blockSize % miniblocks != 0 || blockSize / miniblocks % 8 != 0)
        {
            throw new InvalidDataException($"delta encoding has blocks of {blockSize} in {miniblocks} parts");
        }

        if (total != (ulong)count)
        {
            throw new InvalidDataException($"delta encoding holds {total} lengths where {count} were expected");
        }

        var lengths = new int[count];
        int perMiniblock = (int)(blockSize / miniblocks);
        int done = 0;
        Store(lengths, ref done, value);
        while (done < count)
        {
            long minimum = ZigZag(ref data);
            ReadOnlySpan<byte> widths = Take(ref data, (int)miniblocks);
            for (int m = 0; m < widths.Length && done < count; m++)
            {
                int width = widths[m];
                if (width > 32)
                {
                    throw new InvalidDataException($"delta encoding has differences of {width} bits, expected at most 32");
                }

                var bits = new BitReader(Take(ref data, perMiniblock * width / 8), width);
                for (int i = 0; i < perMiniblock && done < count; i++)
                {
                    // 32-bit writers let differences wrap around
                    value = (int)(value + minimum + bits.Next());
                    Store(lengths, ref done, value);
                }
            }
        }

        return lengths;
    }

    private static void Store(int[] lengths, ref int done, long value)
    {
        if (value is < 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"delta encoding gives the length {value}");
        }

        lengths[done++] = (int)value;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> data, int count)
    {
        if (count > data.Length)
        {
            throw new InvalidDataException("delta encoding ends too early");
        }

        ReadOnlySpan<byte> taken = data[..count];
        data = data[count..];
        return taken;
    }

    private static long ZigZag(ref ReadOnlySpan<byte> data)
    {
        ulong value = Varint(ref data);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(ref data, 1)[0];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("delta encoding has a number longer than 10 bytes");
    }
}
