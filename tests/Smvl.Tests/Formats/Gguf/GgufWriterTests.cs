using System.Runtime.InteropServices;
using Smvl.Formats;
using Smvl.Formats.Gguf;
using Smvl.Tensors;

namespace Smvl.Tests.Formats.Gguf;

public sealed class GgufWriterTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TheBytesAreThoseOfGgufPy()
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", "qwen3");
        writer.Add("general.name", "Größe 大小 🦦");
        writer.Add("qwen3.block_count", 28);
        writer.Add("qwen3.rope.freq_base", 1e6f);
        writer.Add("tokenizer.ggml.add_bos_token", false);
        writer.Add("clip.use_gelu", true);
        writer.Add("clip.vision.image_mean", [0.5f, 0.25f, 0.125f]);
        writer.Add("tokenizer.ggml.token_type", [1, 3, 4, 5, -6]);
        writer.Add("tokenizer.ggml.tokens", ["a", "Ġb", "", "<|中|>", "\n"]);
        string path = temporary["x.gguf"];
        File.WriteAllText(path, "is replaced");
        List<long> written = [];
        writer.Write(
            path,
            [
                Source("a.weight", DType.F32, [.. Enumerable.Range(0, 6).Select(i => (float)i)], 2, 3),
                Source("b.weight", DType.F16, [.. Enumerable.Range(0, 5).Select(i => (Half)i)], 5),
                Source("c.weight", DType.F32, [.. Enumerable.Range(0, 24).Select(i => i / 8f)], 2, 3, 2, 2),
                Source("d.weight", DType.Q8_0, [.. Enumerable.Range(0, 136).Select(i => (byte)i)], 2, 64),
            ],
            written.Add);
        Assert.Equal(File.ReadAllBytes(GgufData.Made("plain.gguf")), File.ReadAllBytes(path));
        Assert.Equal([24, 10, 96, 136], written);
        Assert.Equal(["x.gguf"], Directory.EnumerateFiles(temporary.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void AFailureLeavesNoFile()
    {
        var failing = new TensorSource("x", DType.F32, new Shape(2), _ => throw new IOException("disk full"));
        Assert.Throws<IOException>(() => new GgufWriter().Write(temporary["x.gguf"], [failing]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }

    private static TensorSource Source<T>(string name, DType dtype, T[] values, params ReadOnlySpan<long> dims)
        where T : unmanaged => new(name, dtype, new Shape(dims), stream => stream.Write(MemoryMarshal.AsBytes<T>(values)));
}
