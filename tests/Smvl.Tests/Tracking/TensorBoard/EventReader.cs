namespace Smvl.Tests.Tracking.TensorBoard;

/// <summary>A reader of event files that is written from the specification; its checksum goes bit by bit.</summary>
internal static class EventReader
{
    public static List<WireMessage> Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] data = new byte[file.Length];
        file.ReadExactly(data);
        List<WireMessage> events = [];
        for (int at = 0; at + 12 <= data.Length;)
        {
            int length = (int)BitConverter.ToUInt64(data, at);
            Assert.Equal(Masked(data.AsSpan(at, 8)), BitConverter.ToUInt32(data, at + 8));
            if (at + 12 + length + 4 > data.Length)
            {
                break;
            }

            Assert.Equal(Masked(data.AsSpan(at + 12, length)), BitConverter.ToUInt32(data, at + 12 + length));
            events.Add(new WireMessage(data[(at + 12)..(at + 12 + length)]));
            at += 12 + length + 4;
        }

        return events;
    }

    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return crc ^ 0xFFFFFFFF;
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32C(data);
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}
