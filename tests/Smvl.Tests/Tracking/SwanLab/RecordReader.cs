using System.IO.Hashing;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>A reader of .swanlab files that is written from the specification and shares nothing with the program, its checksum included.</summary>
internal static class RecordReader
{
    private const int Block = 32768;

    public static List<byte[]> Read(string path, byte version)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] data = new byte[file.Length];
        file.ReadExactly(data);
        Assert.Equal([0x3A, 0x53, 0x57, 0x4C, 0xD6, 0xE1, version], data[..7]);
        List<byte[]> records = [];
        MemoryStream record = new();
        int at = 7;
        while (true)
        {
            int room = Block - (at % Block);
            if (room < 7)
            {
                Assert.All(data[at..Math.Min(at + room, data.Length)], padding => Assert.Equal(0, padding));
                at += room;
            }

            if (at + 7 > data.Length)
            {
                return records;
            }

            int length = data[at + 4] | (data[at + 5] << 8), type = data[at + 6];
            if (at + 7 + length > data.Length)
            {
                return records;
            }

            Assert.Equal(BitConverter.ToUInt32(data, at), Crc32.HashToUInt32(data.AsSpan(at + 6, 1 + length)));
            Assert.True((at % Block) + 7 + length <= Block, "a piece crosses its block");
            if (type is 3 or 4)
            {
                Assert.True(at % Block == 0, "a continuation begins a block");
            }

            record.Write(data, at + 7, length);
            at += 7 + length;
            if (type is 1 or 4)
            {
                records.Add(record.ToArray());
                record = new MemoryStream();
            }
        }
    }
}
