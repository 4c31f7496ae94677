using System.Text;

namespace Smvl.Tests.Formats.Gguf;

/// <summary>GGUF files made by hand, right or wrong: a header, keys and tensors as bytes.</summary>
internal sealed class GgufData
{
    private readonly MemoryStream content = new();
    private readonly BinaryWriter writer;

    public GgufData() => writer = new BinaryWriter(content);

    /// <summary>A file that gguf-py wrote.</summary>
    public static string Made(string name) => Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Formats", "Gguf", "data", name);

    public GgufData Header(ulong tensors, ulong keys, uint version = 3, uint magic = 0x46554747) => U32(magic).U32(version).U64(tensors).U64(keys);

    public GgufData U32(uint value)
    {
        writer.Write(value);
        return this;
    }

    public GgufData U64(ulong value)
    {
        writer.Write(value);
        return this;
    }

    public GgufData Bytes(params byte[] bytes)
    {
        writer.Write(bytes);
        return this;
    }

    public GgufData Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return U64((ulong)utf8.Length).Bytes(utf8);
    }

    /// <summary>A tensor's description; extents with the fastest-varying first.</summary>
    public GgufData Tensor(string name, uint type, ulong offset, params ulong[] extents)
    {
        Text(name).U32((uint)extents.Length);
        foreach (ulong extent in extents)
        {
            U64(extent);
        }

        return U32(type).U64(offset);
    }

    /// <summary>Pads to the alignment, then so many bytes of data.</summary>
    public GgufData Data(int bytes, int alignment = 32) => Bytes(new byte[(alignment - (content.Length % alignment)) % alignment]).Bytes(new byte[bytes]);

    public byte[] ToArray() => content.ToArray();
}
