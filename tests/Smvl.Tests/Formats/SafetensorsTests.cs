using System.Buffers.Binary;
using System.Text;
using Smvl.Formats;

namespace Smvl.Tests.Formats;

/// <summary>The reader believes nothing: each way a file can be damaged is refused with the file's name.</summary>
public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void EveryDTypeIsRead()
    {
        string header = """
            {"__metadata__":{"format":"pt"},
             "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]},
             "c":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]}, "d":{"dtype":"I64","shape":[1,1],"data_offsets":[8,16]},
             "e":{"dtype":"I32","shape":[0,7],"data_offsets":[16,16]}, "f":{"dtype":"U8","shape":[3],"data_offsets":[16,19]},
             "g":{"dtype":"BOOL","shape":[1],"data_offsets":[19,20]}}
            """;
        using SafetensorsFile file = SafetensorsFile.Open(Write(header, 20));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(
            ["F32[]", "F16[1]", "BF16[1]", "I64[1, 1]", "I32[0, 7]", "U8[3]", "Bool[1]"],
            file.Tensors.Values.Select(tensor => tensor.ToString()));
    }

    [Theory]
    [InlineData("{", 0, "header is not JSON")]
    [InlineData("[]", 0, "header is not a JSON object")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__ is not an object")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__.a is not a string")]
    [InlineData("""{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", 8, "tensor x has an unsupported dtype")]
    [InlineData("""{"x":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"shape":[1],"data_offsets":[0,4]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "header entry of tensor x is malformed")]
    [InlineData("""{"x":5}""", 0, "header entry of tensor x is malformed")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor x has a negative extent")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "tensor x has bad data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "tensor x lies outside the file")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "tensor x lies outside the file")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "tensor x lies outside the file")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "tensor x has a wrong size")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4, "tensor x is named twice")]
    [InlineData("""{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4, "tensor y overlaps the one before")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4, "tensor y leaves a hole before it")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 4, "bytes behind the last tensor")]
    public void ADamagedHeaderIsRefused(string header, int dataLength, string problem)
    {
        string path = Write(header, dataLength);
        Assert.StartsWith($"{path}: {problem}", Refusal(path));
    }

    [Theory]
    [InlineData(new byte[0], "too short for a safetensors header")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0 }, "too short for a safetensors header")]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' }, "header length is impossible")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0x80, (byte)'{', (byte)'}' }, "header length is impossible")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "header is not JSON")]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'{', (byte)'}', (byte)'}', (byte)' ' }, "header is not JSON")]
    public void BytesThatAreNoSafetensorsFileAreRefused(byte[] bytes, string problem)
    {
        string path = temporary["x.safetensors"];
        File.WriteAllBytes(path, bytes);
        Assert.StartsWith($"{path}: {problem}", Refusal(path));
    }

    [Fact]
    public void AMissingFileIsRefused()
    {
        string path = temporary["none.safetensors"];
        Assert.StartsWith($"{path}: no such file", Refusal(path));
    }

    [Fact]
    public void EveryCutOfAFileIsRefused()
    {
        byte[] whole = File.ReadAllBytes(Write("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8));
        string path = temporary["cut.safetensors"];
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.NotEmpty(Refusal(path));
        }
    }

    private static string Refusal(string path) => Assert.Throws<SmvlException>(() => SafetensorsFile.Open(path)).Message;

    private string Write(string header, int dataLength)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] bytes = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        string path = temporary["x.safetensors"];
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
