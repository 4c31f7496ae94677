using System.Text;

namespace Smvl.Formats.Parquet;

/// <summary>Wire types of Thrift's compact protocol; a boolean field's value is its type.</summary>
internal enum ThriftType : byte
{
    True = 1,
    False = 2,
    Byte = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
    Uuid = 13,
}

/// <summary>
/// Reads Thrift's compact protocol from a span. Every length and count is checked against what is left, so that a lying
/// header costs nothing; damage is an <see cref="InvalidDataException"/>, which <see cref="ParquetFile"/> turns into an error with its place.
/// Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> data)
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> data = data;

    public int Position { get; private set; }

    /// <summary>Moves to a struct's next field; false at its end. <paramref name="id"/> starts at 0 and is carried along.</summary>
    public bool NextField(ref int id, out ThriftType type)
    {
        byte head = Next();
        if (head == 0)
        {
            type = default;
            return false;
        }

        int delta = head >> 4;
        id = delta == 0 ? (int)Math.Clamp(ZigZag(), short.MinValue, short.MaxValue) : id + delta;
        type = (ThriftType)(head & 15);
        return true;
    }

    public static bool Bool(ThriftType type) => type switch
    {
        ThriftType.True => true,
        ThriftType.False => false,
        _ => throw Unexpected("a boolean", type),
    };

    public int I32(ThriftType type)
    {
        long value = I64(type);
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new InvalidDataException($"Thrift integer {value} is outside 32 bits");
    }

    public long I64(ThriftType type) =>
        type is ThriftType.I16 or ThriftType.I32 or ThriftType.I64 ? ZigZag() : throw Unexpected("an integer", type);

    public string Text(ThriftType type) =>
        type == ThriftType.Binary ? Encoding.UTF8.GetString(Bytes()) : throw Unexpected("a string", type);

    public void Struct(ThriftType type)
    {
        if (type != ThriftType.Struct)
        {
            throw Unexpected("a struct", type);
        }
    }

    /// <summary>A list's element count; every element takes at least one byte, so the count is bounded by the data.</summary>
    public int List(ThriftType type, ThriftType element)
    {
        if (type != ThriftType.List)
        {
            throw Unexpected("a list", type);
        }

        (ThriftType found, int count) = ListHead();
        return found == element || count == 0 ? count : throw Unexpected($"a list of {element}", found);
    }

    public void Skip(ThriftType type) => Skip(type, 0);

    private void Skip(ThriftType type, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException("Thrift data is nested too deeply");
        }

        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.Byte:
                Next();
                break;
            case ThriftType.I16 or ThriftType.I32 or ThriftType.I64:
                Varint();
                break;
            case ThriftType.Double:
                Take(8);
                break;
            case ThriftType.Uuid:
                Take(16);
                break;
            case ThriftType.Binary:
                Bytes();
                break;
            case ThriftType.Struct:
                int id = 0;
                while (NextField(ref id, out ThriftType field))
                {
                    Skip(field, depth + 1);
                }

                break;
            case ThriftType.List or ThriftType.Set:
                (ThriftType element, int count) = ListHead();
                for (int i = 0; i < count; i++)
                {
                    SkipElement(element, depth + 1);
                }

                break;
            case ThriftType.Map:
                int pairs = Count(Varint());
                if (pairs > 0)
                {
                    byte types = Next();
                    for (int i = 0; i < pairs; i++)
                    {
                        SkipElement((ThriftType)(types >> 4), depth + 1);
                        SkipElement((ThriftType)(types & 15), depth + 1);
                    }
                }

                break;
            default:
                throw new InvalidDataException($"Thrift type {(int)type} is unknown");
        }
    }

    // Inside collections a boolean is a byte of its own.
    private void SkipElement(ThriftType type, int depth) => Skip(type == ThriftType.True || type == ThriftType.False ? ThriftType.Byte : type, depth);

    private (ThriftType Element, int Count) ListHead()
    {
        byte head = Next();
        int count = head >> 4;
        return ((ThriftType)(head & 15), Count(count == 15 ? Varint() : (ulong)count));
    }

    private readonly int Count(ulong count) => count <= (ulong)(data.Length - Position) ? (int)count : throw End();

    private ReadOnlySpan<byte> Bytes() => Take(Count(Varint()));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > data.Length - Position)
        {
            throw End();
        }

        ReadOnlySpan<byte> taken = data.Slice(Position, count);
        Position += count;
        return taken;
    }

    private byte Next() => Position < data.Length ? data[Position++] : throw End();

    private long ZigZag()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Next();
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("Thrift integer is longer than 10 bytes");
    }

    private static InvalidDataException End() => new("Thrift data ends in the middle of a value");

    private static InvalidDataException Unexpected(string expected, ThriftType actual) =>
        new($"Thrift field is of type {actual} where {expected} was expected");
}
