using System.Buffers.Binary;

namespace Smvl.Formats.Parquet;

/// <summary>
/// The byte arrays of one page: slices of one buffer. Sources of the encodings:
/// https://github.com/apache/parquet-format/blob/master/Encodings.md
/// </summary>
internal sealed class ByteArrays
{
    private readonly ReadOnlyMemory<byte> buffer;
    private readonly int[] starts;
    private readonly int[] lengths;

    private ByteArrays(ReadOnlyMemory<byte> buffer, int[] starts, int[] lengths)
    {
        this.buffer = buffer;
        this.starts = starts;
        this.lengths = lengths;
    }

    public int Count => starts.Length;

    /// <summary>What this holds in memory.</summary>
    public long Bytes => buffer.Length + (8L * starts.Length);

    public ReadOnlyMemory<byte> this[int index] => buffer.Slice(starts[index], lengths[index]);

    /// <exception cref="InvalidDataException">damaged values, or an encoding that is not one of byte arrays</exception>
    public static ByteArrays Read(ValueEncoding encoding, ReadOnlyMemory<byte> data, int count)
    {
        if (count == 0)
        {
            return new(default, [], []);
        }

        return encoding switch
        {
            ValueEncoding.Plain => ReadPlain(data, count),
            ValueEncoding.DeltaLengthByteArray => ReadDeltaLength(data, count),
            ValueEncoding.DeltaByteArray => ReadDelta(data.Span, count),
            _ => throw new InvalidDataException($"encoding {encoding} is not supported for byte arrays"),
        };
    }

    /// <summary>Plain values of one width, such as the 4 bytes of an INT32.</summary>
    /// <exception cref="InvalidDataException">damaged values, or another encoding than plain</exception>
    public static ByteArrays ReadFixed(ValueEncoding encoding, ReadOnlyMemory<byte> data, int count, int width)
    {
        if (count > 0 && encoding != ValueEncoding.Plain)
        {
            throw new InvalidDataException($"encoding {encoding} is not supported for numbers");
        }

        if (data.Length / width < count)
        {
            throw new InvalidDataException($"{data.Length} bytes cannot hold {count} values of {width}");
        }

        var lengths = new int[count];
        Array.Fill(lengths, width);
        return new(data, Starts(lengths, data.Length), lengths);
    }

    // Each value: its length in 4 bytes, then its bytes.
    private static ByteArrays ReadPlain(ReadOnlyMemory<byte> data, int count)
    {
        ReadOnlySpan<byte> span = data.Span;
        if (count > span.Length / 4)
        {
            throw new InvalidDataException($"{span.Length} bytes cannot hold {count} byte arrays");
        }

        var starts = new int[count];
        var lengths = new int[count];
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            if (span.Length - at < 4)
            {
                throw new InvalidDataException($"values end after {i} of {count}");
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[at..]);
            at += 4;
            if (length > (uint)(span.Length - at))
            {
                throw new InvalidDataException($"value {i} of {count} has a length of {length}, {span.Length - at} bytes are left");
            }

            starts[i] = at;
            lengths[i] = (int)length;
            at += (int)length;
        }

        return new(data, starts, lengths);
    }

    // All lengths, then all bytes.
    private static ByteArrays ReadDeltaLength(ReadOnlyMemory<byte> data, int count)
    {
        ReadOnlySpan<byte> rest = data.Span;
        int[] lengths = DeltaBinaryPacked.ReadLengths(ref rest, count);
        return new(data[^rest.Length..], Starts(lengths, rest.Length), lengths);
    }

    // Each value: how many bytes it shares with the one before (all of these numbers first), then what follows (lengths, then bytes).
    private static ByteArrays ReadDelta(ReadOnlySpan<byte> data, int count)
    {
        int[] prefixes = DeltaBinaryPacked.ReadLengths(ref data, count);
        int[] suffixes = DeltaBinaryPacked.ReadLengths(ref data, count);
        int[] sources = Starts(suffixes, data.Length);
        var lengths = new int[count];
        long total = 0;
        for (int i = 0; i < count; i++)
        {
            if (prefixes[i] > (i == 0 ? 0 : lengths[i - 1]))
            {
                throw new InvalidDataException($"value {i} of {count} shares {prefixes[i]} bytes with one of {(i == 0 ? 0 : lengths[i - 1])}");
            }

            total += (long)prefixes[i] + suffixes[i];
            if (total > PageHeader.MaxBytes)
            {
                throw new InvalidDataException($"a page's values take more than {PageHeader.MaxBytes} bytes: write the file with smaller pages");
            }

            lengths[i] = prefixes[i] + suffixes[i];
        }

        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)total);
        int[] starts = Starts(lengths, buffer.Length);
        for (int i = 0; i < count; i++)
        {
            if (prefixes[i] > 0)
            {
                buffer.AsSpan(starts[i - 1], prefixes[i]).CopyTo(buffer.AsSpan(starts[i]));
            }

            data.Slice(sources[i], suffixes[i]).CopyTo(buffer.AsSpan(starts[i] + prefixes[i]));
        }

        return new(buffer, starts, lengths);
    }

    private static int[] Starts(int[] lengths, int available)
    {
        var starts = new int[lengths.Length];
        int at = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            if (lengths[i] > available - at)
            {
                throw new InvalidDataException($"value {i} of {starts.Length} has a length of {lengths[i]}, {available - at} bytes are left");
            }

            starts[i] = at;
            at += lengths[i];
        }

        return starts;
    }
}
