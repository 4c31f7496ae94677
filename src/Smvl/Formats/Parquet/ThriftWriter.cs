using System.Buffers;
using System.Text;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Writes Thrift's compact protocol, as far as parquet's headers and footers need it: fields in rising order, structs and lists in
/// structs and lists. Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
/// </summary>
internal sealed class ThriftWriter
{
    private readonly ArrayBufferWriter<byte> bytes = new();
    private readonly Stack<int> outerFields = new();
    private int lastField;

    public ReadOnlySpan<byte> Written => bytes.WrittenSpan;

    public void I32(int id, int value)
    {
        Field(id, ThriftType.I32);
        ZigZag(value);
    }

    public void I64(int id, long value)
    {
        Field(id, ThriftType.I64);
        ZigZag(value);
    }

    public void Text(int id, string value)
    {
        Field(id, ThriftType.Binary);
        TextElement(value);
    }

    /// <summary>Begins a struct that is a field; <see cref="End"/> ends it.</summary>
    public void Struct(int id)
    {
        Field(id, ThriftType.Struct);
        StructElement();
    }

    /// <summary>Begins a list that is a field; its elements follow, and nothing ends it.</summary>
    public void List(int id, ThriftType element, int count)
    {
        Field(id, ThriftType.List);
        if (count < 15)
        {
            Byte((byte)((count << 4) | (int)element));
        }
        else
        {
            Byte((byte)(0xF0 | (int)element));
            Varint((ulong)count);
        }
    }

    /// <summary>Begins a struct that is a list's element.</summary>
    public void StructElement()
    {
        outerFields.Push(lastField);
        lastField = 0;
    }

    public void I32Element(int value) => ZigZag(value);

    public void TextElement(string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value);
        Varint((ulong)text.Length);
        bytes.Write(text);
    }

    /// <summary>Ends the struct begun last; without one, the outermost.</summary>
    public void End()
    {
        Byte(0);
        lastField = outerFields.TryPop(out int outer) ? outer : 0;
    }

    // fields lie at most 15 apart in all of parquet.thrift's structs that are written here
    private void Field(int id, ThriftType type)
    {
        Byte((byte)(((id - lastField) << 4) | (int)type));
        lastField = id;
    }

    private void ZigZag(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

    private void Varint(ulong value)
    {
        while (value >= 128)
        {
            Byte((byte)(value | 128));
            value >>= 7;
        }

        Byte((byte)value);
    }

    private void Byte(byte value)
    {
        bytes.GetSpan(1)[0] = value;
        bytes.Advance(1);
    }
}
