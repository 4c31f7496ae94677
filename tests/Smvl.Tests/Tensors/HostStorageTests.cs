using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors;

/// <summary>Memory from the system and mapped files.</summary>
public sealed unsafe class HostStorageTests
{
    // small blocks come from malloc, large ones are mapped
    [Theory, InlineData(0), InlineData(1), InlineData(4095), InlineData((4 << 20) - 1), InlineData(4 << 20), InlineData((9 << 20) + 12345)]
    public void ABlockIsAlignedAndAllOfItIsThere(int length)
    {
        for (int round = 0; round < 3; round++)
        {
            NativeStorage block = NativeStorage.Allocate(length);
            Assert.Equal(0, (nint)block.Pointer % 64);
            new Span<byte>(block.Pointer, length).Fill(0xA5);
            Assert.Equal(-1, new ReadOnlySpan<byte>(block.Pointer, length).IndexOfAnyExcept((byte)0xA5));
            block.Free();
            block.Free();
        }
    }

    [Fact]
    public void SettingAsideAMappedTensorKeepsItsValues()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "weights");
        byte[] content = new byte[300_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(path, content);
        MappedStorage mapped = MappedStorage.Open(path);
        using CpuBackend backend = new(1);
        Tensor tensor = new(mapped, 5, DType.U8, new Shape([content.Length - 10]), owner: false);
        for (int round = 0; round < 3; round++)
        {
            Assert.True(tensor.Span<byte>().SequenceEqual(content.AsSpan(5, content.Length - 10)));
            backend.SetAside(tensor);
        }

        using Tensor own = backend.Allocate(5 << 20);
        backend.Fill(own, 3f);
        backend.SetAside(own);
        Assert.Equal(-1, own.Span<float>().IndexOfAnyExcept(3f));
        mapped.Release();
    }
}
