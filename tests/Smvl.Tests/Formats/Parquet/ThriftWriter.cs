using System.Text;

namespace Smvl.Tests.Formats.Parquet;

/// <summary>
/// Writes Thrift's compact protocol, as far as hand-made parquet files need it: a struct is a list of (id, value) with values
/// int, long, bool, string, a struct, or a list of one of these.
/// </summary>
internal static class ThriftWriter
{
    public static byte[] Struct(params (int Id, object? Value)[] fields)
    {
        var bytes = new List<byte>();
        int last = 0;
        foreach ((int id, object? value) in fields)
        {
            if (value is not null)
            {
                bytes.Add((byte)((id - last) << 4 | Type(value)));
                bytes.AddRange(value is bool ? [] : Value(value));
                last = id;
            }
        }

        bytes.Add(0);
        return [.. bytes];
    }

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value > 127; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    public static byte[] ZigZag(long value) => Varint((ulong)(value << 1 ^ value >> 63));

    // byte[] stands for a struct already written
    private static int Type(object value) => value switch
    {
        true => 1,
        false => 2,
        int => 5,
        long => 6,
        string => 8,
        object[] => 9,
        byte[] => 12,
        _ => throw new ArgumentException(value.GetType().Name),
    };

    private static byte[] Value(object value) => value switch
    {
        int i => ZigZag(i),
        long l => ZigZag(l),
        string s => [.. Varint((ulong)Encoding.UTF8.GetByteCount(s)), .. Encoding.UTF8.GetBytes(s)],
        object[] list => [(byte)(0xf0 | (list.Length == 0 ? 12 : Type(list[0]))), .. Varint((ulong)list.Length), .. list.SelectMany(Value)],
        byte[] written => written,
        _ => throw new ArgumentException(value.GetType().Name),
    };
}
