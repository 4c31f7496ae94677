namespace Smvl.Tests;

/// <summary>Lengths behind links.</summary>
public sealed class FileLengthTests
{
    [Fact]
    public void ALinkHasItsTargetsLength()
    {
        using TemporaryFolder folder = new();
        folder.Write("file", "12345");
        File.CreateSymbolicLink(folder["link"], "file");
        File.CreateSymbolicLink(folder["second"], "link");
        File.CreateSymbolicLink(folder["broken"], "none");
        foreach (string name in (string[])["file", "link", "second"])
        {
            Assert.Equal(5, FileLength.Of(folder[name]));
        }

        foreach (string name in (string[])["broken", "none"])
        {
            Assert.Null(FileLength.Find(folder[name]));
            Assert.Contains(name, Assert.Throws<FileNotFoundException>(() => FileLength.Of(folder[name])).Message);
        }
    }
}
