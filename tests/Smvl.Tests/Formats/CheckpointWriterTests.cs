using System.Buffers.Binary;
using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Tests.Formats;

public sealed class CheckpointWriterTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void WhatIsWrittenIsReadAndAligned()
    {
        string path = temporary["x.safetensors"];
        SafetensorsWriter.Write(path, [Bytes("u", DType.U8, 3), Bytes("b", DType.Bool, 1), Bytes("h", DType.BF16, 5), Bytes("f", DType.F32, 2, 3), Bytes("i", DType.I64, 1)]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(path)) % 8);
        Assert.Equal(["I64[1]", "F32[2, 3]", "BF16[5]", "U8[3]", "Bool[1]"], file.Tensors.Values.Select(tensor => tensor.ToString()));
        foreach ((string name, Tensor tensor) in file.Tensors)
        {
            Assert.Equal(0, tensor.ByteOffset % tensor.DType.Size());
            Assert.Equal(Content(name, tensor.ByteLength), Stored(tensor));
        }
    }

    [Fact]
    public void AFailureLeavesNoFile()
    {
        string path = temporary["x.safetensors"];
        var failing = new TensorSource("x", DType.U8, new Shape(2), _ => throw new IOException("disk full"));
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(path, [Bytes("a", DType.F32, 1), failing]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void AboveASizeTensorsGoToShards()
    {
        TensorSource[] tensors = [Bytes("a", DType.U8, 60), Bytes("b", DType.U8, 40), Bytes("c", DType.U8, 1), Bytes("d", DType.U8, 500), Bytes("e", DType.U8, 100)];
        CheckpointWriter.Write(temporary.Path, tensors, shardBytes: 100);
        Assert.Equal(
            ["model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors", "model-00003-of-00004.safetensors", "model-00004-of-00004.safetensors", "model.safetensors.index.json"],
            Directory.EnumerateFiles(temporary.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(701, JsonSection.Load(temporary["model.safetensors.index.json"]).Section("metadata")!.Int("total_size"));
        using CheckpointFolder folder = CheckpointFolder.Open(temporary.Path);
        Assert.Equal(5, folder.Tensors.Count);
        Assert.EndsWith("model-00001-of-00004.safetensors", folder.FileOf("b"));
        Assert.EndsWith("model-00003-of-00004.safetensors", folder.FileOf("d"));
        Assert.All(folder.Tensors, pair => Assert.Equal(Content(pair.Key, pair.Value.ByteLength), Stored(pair.Value)));
    }

    [Fact]
    public void WhatFitsIsOneFile()
    {
        CheckpointWriter.Write(temporary.Path, [Bytes("a", DType.U8, 60), Bytes("b", DType.U8, 40)], shardBytes: 100);
        Assert.Equal(["model.safetensors"], Directory.EnumerateFiles(temporary.Path).Select(Path.GetFileName));
    }

    private static byte[] Stored(Tensor tensor)
    {
        using var stream = new MemoryStream();
        HostBytes.CopyTo(tensor, stream);
        return stream.ToArray();
    }

    private static TensorSource Bytes(string name, DType dtype, params long[] dims) =>
        new(name, dtype, new Shape(dims), stream => stream.Write(Content(name, new Shape(dims).Count * dtype.Size())));

    private static byte[] Content(string name, long length) => [.. Enumerable.Range(0, (int)length).Select(i => (byte)(name[0] + i))];
}
