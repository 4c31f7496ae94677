using System.Buffers.Binary;
using System.Text;

namespace Smvl.Tests.Tracking;

/// <summary>
/// A protobuf message taken apart by its wire format alone, written from the specification and not from the writer under test: every
/// field's values in the order they came.
/// </summary>
internal sealed class WireMessage
{
    private readonly Dictionary<int, List<object>> fields = [];

    public WireMessage(byte[] data)
    {
        for (int at = 0; at < data.Length;)
        {
            ulong tag = Varint(data, ref at);
            object value;
            switch (tag & 7)
            {
                case 0:
                    value = (long)Varint(data, ref at);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadDoubleLittleEndian(data.AsSpan(at));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(data, ref at);
                    value = data[at..(at + length)];
                    at += length;
                    break;
                case 5:
                    value = BinaryPrimitives.ReadSingleLittleEndian(data.AsSpan(at));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }

            int field = (int)(tag >> 3);
            if (!fields.TryGetValue(field, out List<object>? values))
            {
                fields[field] = values = [];
            }

            values.Add(value);
        }
    }

    public bool Has(int field) => fields.ContainsKey(field);

    public IReadOnlyList<WireMessage> Messages(int field) => [.. All(field).Select(value => new WireMessage((byte[])value))];

    public WireMessage Message(int field) => Assert.Single(Messages(field));

    public byte[] Bytes(int field) => (byte[])Assert.Single(All(field));

    public string Text(int field) => Has(field) ? Encoding.UTF8.GetString(Bytes(field)) : "";

    public IReadOnlyList<string> Texts(int field) => [.. All(field).Select(value => Encoding.UTF8.GetString((byte[])value))];

    public long Integer(int field) => Has(field) ? (long)Assert.Single(All(field)) : 0;

    public double Double(int field) => (double)Assert.Single(All(field));

    public float Single(int field) => (float)Assert.Single(All(field));

    private List<object> All(int field) => fields.GetValueOrDefault(field) ?? [];

    private static ulong Varint(byte[] data, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = data[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
