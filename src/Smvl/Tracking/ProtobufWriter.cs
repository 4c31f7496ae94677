using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Smvl.Tracking;

/// <summary>
/// A message in protobuf's wire format, for the two schemas that logs are written in. Integers, flags and texts that are zero or empty
/// are left out, as proto3 does; numbers and messages are always written. Source: protobuf.dev/programming-guides/encoding.
/// </summary>
internal sealed class ProtobufWriter
{
    private const int VarintType = 0, Fixed64Type = 1, BytesType = 2, Fixed32Type = 5;

    private readonly ArrayBufferWriter<byte> buffer = new();

    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    public static byte[] Message(Action<ProtobufWriter> write)
    {
        ProtobufWriter message = new();
        write(message);
        return message.Written.ToArray();
    }

    /// <summary>An int32, int64 or enumeration; negative ones take ten bytes.</summary>
    public void Integer(int field, long value)
    {
        if (value != 0)
        {
            Present(field, value);
        }
    }

    /// <summary>An integer or flag that is written even when it is zero, because its presence says something (a oneof's).</summary>
    public void Present(int field, long value)
    {
        Tag(field, VarintType);
        Varint((ulong)value);
    }

    public void Flag(int field, bool value) => Integer(field, value ? 1 : 0);

    public void Double(int field, double value)
    {
        Tag(field, Fixed64Type);
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(sizeof(double)), value);
        buffer.Advance(sizeof(double));
    }

    public void Single(int field, float value)
    {
        Tag(field, Fixed32Type);
        BinaryPrimitives.WriteSingleLittleEndian(buffer.GetSpan(sizeof(float)), value);
        buffer.Advance(sizeof(float));
    }

    public void Text(int field, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Bytes(field, Encoding.UTF8.GetBytes(value));
        }
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, BytesType);
        Varint((ulong)value.Length);
        buffer.Write(value);
    }

    public void Message(int field, Action<ProtobufWriter> write) => Bytes(field, Message(write));

    private void Tag(int field, int type) => Varint(((ulong)field << 3) | (uint)type);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Byte((byte)(value | 0x80));
        }

        Byte((byte)value);
    }

    private void Byte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }
}
