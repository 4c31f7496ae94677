using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>What a partial file remembers, and what it does not believe.</summary>
public sealed class PartialFileTests : IDisposable
{
    private static readonly HubFile File = new("weights.bin", 1000, new ContentHash(ContentHashKind.Sha256, new string('a', 64)));

    private readonly TemporaryFolder temporary = new();

    private string Partial => temporary["below", "weights.part"];

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void RangesAreRemembered()
    {
        using (var growing = PartialFile.Open(Partial, File))
        {
            Assert.Equal(0, growing.Have);
            IReadOnlyList<MissingRange> pieces = growing.Pieces(400);
            Assert.Equal([(0L, 400L), (400L, 800L), (800L, 1000L)], pieces.Select(piece => (piece.Position, piece.End)));
            growing.Write(pieces[0], new byte[30]);
            growing.Write(pieces[0], new byte[30]);
            growing.Write(pieces[1], new byte[400]);
            Assert.Equal(460, growing.Have);
        }

        Assert.Equal(460, PartialFile.HaveAt(Partial, File));
        using var again = PartialFile.Open(Partial, File);
        Assert.Equal([(60L, 260L), (260L, 400L), (800L, 1000L)], again.Pieces(200).Select(piece => (piece.Position, piece.End)));
        again.Restart();
        Assert.Equal([(0L, 1000L)], again.Pieces(2000).Select(piece => (piece.Position, piece.End)));
    }

    [Fact]
    public void BytesThatAreNotThereAreNotClaimed()
    {
        using (var growing = PartialFile.Open(Partial, File))
        {
            growing.Write(growing.Pieces(1000)[0], new byte[600]);
        }

        using (FileStream cut = new(Partial, FileMode.Open))
        {
            cut.SetLength(599);
        }

        Assert.Equal(0, PartialFile.HaveAt(Partial, File));
        using var again = PartialFile.Open(Partial, File);
        Assert.Equal(0, again.Have);
    }

    [Theory]
    [InlineData("smvl ranges 1\n1000 sha256 X\n0 2000\n")]
    [InlineData("smvl ranges 1\n1000 sha256 X\n700 600\n")]
    [InlineData("smvl ranges 1\n1000 sha256 X\n0 600\n500 1000\n")]
    [InlineData("smvl ranges 1\n1000 sha256 X\n-1 600\n")]
    [InlineData("smvl ranges 1\n1000 sha256 X\n0 x\n")]
    [InlineData("smvl ranges 2\n1000 sha256 X\n600 1000\n")]
    [InlineData("smvl ranges 1\n1001 sha256 X\n600 1000\n")]
    [InlineData("smvl ranges 1\n1000 no hash\n600 1000\n")]
    [InlineData("")]
    public void AStateThatCannotBeIsNotBelieved(string state)
    {
        Directory.CreateDirectory(temporary["below"]);
        System.IO.File.WriteAllBytes(Partial, new byte[1000]);
        string right = $"smvl ranges 1\n1000 sha256 {new string('a', 64)}\n600 1000\nend\n";
        System.IO.File.WriteAllText(Partial + ".ranges", right);
        Assert.Equal(600, PartialFile.HaveAt(Partial, File));
        System.IO.File.WriteAllText(Partial + ".ranges", state.Replace("X", new string('a', 64)) + "end\n");
        Assert.Equal(0, PartialFile.HaveAt(Partial, File));
        System.IO.File.WriteAllText(Partial + ".ranges", right[..^4]);   // cut short
        Assert.Equal(0, PartialFile.HaveAt(Partial, File));
    }

    [Fact]
    public void AKilledProcessLosesSecondsOnly()
    {
        using var growing = PartialFile.Open(Partial, File);
        MissingRange all = growing.Pieces(1000)[0];
        growing.Write(all, new byte[100]);
        Assert.Equal(0, PartialFile.HaveAt(Partial, File));
        Thread.Sleep(2100);
        growing.Write(all, new byte[100]);
        Assert.Equal(200, PartialFile.HaveAt(Partial, File));   // as another process sees it, before disposal
    }
}
