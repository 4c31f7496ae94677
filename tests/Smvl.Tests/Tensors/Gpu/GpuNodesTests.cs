using Smvl.Tensors.Gpu;

namespace Smvl.Tests.Tensors.Gpu;

public sealed class GpuNodesTests
{
    [Theory]
    [InlineData("dri/renderD128", true)]
    [InlineData("dri/card0", false)]   // shows pictures, computes nothing
    [InlineData("nvidia0", true)]
    [InlineData("nvme0n1", false)]
    [InlineData("dxg", true)]
    [InlineData("null", false)]
    public void AFileOfAGpusDriverTellsOfIt(string file, bool isGpu)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        Assert.Equal(isGpu, GpuNodes.AnyIn(folder.Path));
    }

    [Fact]
    public void NoDeviceFilesTellOfNone() => Assert.False(GpuNodes.AnyIn(Path.Combine(Path.GetTempPath(), "no such folder")));
}
