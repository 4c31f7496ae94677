using System.Text;
using Smvl.Tracking;
using Smvl.Tracking.SwanLab;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>The framing of both generations against golden bytes and a reader written from the specification.</summary>
public sealed class RecordFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AJsonRecordHasTheGoldenBytes()
    {
        byte[] footer = JsonRecordSink.Record("Footer", writer =>
        {
            writer.WriteBoolean("success", true);
            writer.WriteString("create_time", "2025-01-01T00:00:00+00:00");
        });

        // the golden payload has Python's blanks behind colons and commas; ours has none, so the framing is held to the golden text
        const string golden = "{\"model_type\": \"Footer\", \"data\": {\"success\": true, \"create_time\": \"2025-01-01T00:00:00+00:00\"}}\n";
        Assert.Equal(
            golden.Replace(": ", ":", StringComparison.Ordinal).Replace(", ", ",", StringComparison.Ordinal), Encoding.UTF8.GetString(footer));
        string path = Write(RecordFile.JsonVersion, Encoding.UTF8.GetBytes(golden));
        Assert.Equal("3a53574cd6e101" + "fd4094de600001", Convert.ToHexStringLower(File.ReadAllBytes(path)[..14]));
    }

    [Fact]
    public void AProtobufRecordHasTheGoldenBytes()
    {
        byte[] record = ProtobufWriter.Message(message =>
        {
            message.Integer(1, -2);
            message.Message(11, finish => finish.Integer(1, 1));
        });
        Assert.Equal("08feffffffffffffffff015a020801", Convert.ToHexStringLower(record));
        string path = Write(RecordFile.ProtobufVersion, record);
        Assert.Equal("3a53574cd6e102" + "cee52ae30f0001" + Convert.ToHexStringLower(record), Convert.ToHexStringLower(File.ReadAllBytes(path)));
    }

    /// <summary>Rooms of 6, 7 and 8 bytes at a block's end, exact fits, and records of several blocks.</summary>
    [Theory]
    [InlineData(32754), InlineData(32753), InlineData(32748), InlineData(32747), InlineData(32746), InlineData(32740), InlineData(0), InlineData(70_000), InlineData(200_000)]
    public void RecordsOfAllLengthsAreReadBack(int length)
    {
        byte[][] records = [.. new[] { length, 5, length, 32761, 32762, 0, 1 }.Select((size, seed) => Bytes(size, seed))];
        string path = Write(RecordFile.ProtobufVersion, records);
        Assert.Equal(records, RecordReader.Read(path, 2));
        Assert.Equal(records, RecordFile.Read(path, RecordFile.ProtobufVersion));
    }

    [Fact]
    public void WhatIsCutOrDamagedEndsTheFileThere()
    {
        byte[][] records = [Bytes(100, 1), Bytes(40_000, 2), Bytes(10, 3)];
        string path = Write(RecordFile.ProtobufVersion, records);
        byte[] whole = File.ReadAllBytes(path);
        for (int cut = 7; cut < whole.Length; cut += 1009)
        {
            File.WriteAllBytes(path, whole[..cut]);
            byte[][] read = [.. RecordFile.Read(path, RecordFile.ProtobufVersion)];
            Assert.Equal(records[..read.Length], read);
            Assert.True(read.Length < 3);
        }

        whole[200] ^= 1;
        File.WriteAllBytes(path, whole);
        Assert.Equal(records[..1], RecordFile.Read(path, RecordFile.ProtobufVersion));
        Assert.Contains("header", Assert.Throws<SmvlException>(() => RecordFile.Read(path, RecordFile.JsonVersion).Count()).Message);
    }

    private static byte[] Bytes(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    private string Write(byte version, params byte[][] records)
    {
        string path = folder[$"{Guid.NewGuid():N}.swanlab"];
        using RecordFile file = new(path, version);
        Array.ForEach(records, record => file.Write(record));
        return path;
    }
}
