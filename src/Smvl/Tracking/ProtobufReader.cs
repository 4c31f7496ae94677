using System.Buffers.Binary;
using System.Text;

namespace Smvl.Tracking;

/// <summary>Reads a message in protobuf's wire format, field by field; see <see cref="ProtobufWriter"/>.</summary>
/// <param name="data">one message</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> rest = data;

    /// <summary>Number of the field that <see cref="Next"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, where it is an integer; 0 otherwise.</summary>
    public long Integer { get; private set; }

    /// <summary>Its value, where it has eight bytes; 0 otherwise.</summary>
    public double Double { get; private set; }

    /// <summary>Its value, where it is a text or message; empty otherwise.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="SmvlException">this is no message</exception>
    public bool Next()
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        ulong tag = Varint();
        Field = (int)(tag >> 3);
        Integer = 0;
        Double = 0;
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                Integer = (long)Varint();
                break;
            case 1:
                Double = BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));
                break;
            case 2:
                Bytes = Take((int)Math.Min(Varint(), int.MaxValue));
                break;
            case 5:
                Take(sizeof(float));
                break;
            default:
                throw Damaged();
        }

        return true;
    }

    private static SmvlException Damaged() => new("a record is no protobuf message");

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > rest.Length)
        {
            throw Damaged();
        }

        ReadOnlySpan<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
