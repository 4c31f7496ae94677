using Smvl.Tracking.TensorBoard;

namespace Smvl.Tests.Tracking.TensorBoard;

/// <summary>Framing and checksums against the golden record and known vectors.</summary>
public sealed class EventFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TheFirstRecordHasTheGoldenBytes()
    {
        string path = folder["events.out.tfevents.0.host"];
        using (new EventFile(path, DateTimeOffset.UnixEpoch))
        {
        }

        Assert.Equal(
            "1800000000000000a37f4b22" + "090000000000000000" + "1a0d627261696e2e4576656e743a32" + "eedf28a3",
            Convert.ToHexStringLower(File.ReadAllBytes(path)));
    }

    [Fact]
    public void TheChecksumIsCastagnolis()
    {
        Assert.Equal(0xE3069283, EventReader.Crc32C("123456789"u8));   // the reader's own, which the next line relies on
        uint crc = EventReader.Crc32C("123456789"u8);
        Assert.Equal(((crc >> 15) | (crc << 17)) + 0xA282EAD8, EventFile.MaskedChecksum("123456789"u8));
    }

    [Fact]
    public void ValuesAreReadBackAtOnce()
    {
        string path = folder["events.out.tfevents.1.host"];
        using EventFile file = new(path, DateTimeOffset.UnixEpoch.AddSeconds(1.5));
        file.Write(DateTimeOffset.UnixEpoch.AddSeconds(2.25), 7, value =>
        {
            value.Text(1, "train/loss");
            value.Single(2, 0);
        });
        List<WireMessage> events = EventReader.Read(path);
        Assert.Equal(("brain.Event:2", 1.5), (events[0].Text(3), events[0].Double(1)));
        WireMessage scalar = events[1].Message(5).Message(1);
        Assert.Equal((2.25, 7L, "train/loss", 0f), (events[1].Double(1), events[1].Integer(2), scalar.Text(1), scalar.Single(2)));
    }
}
