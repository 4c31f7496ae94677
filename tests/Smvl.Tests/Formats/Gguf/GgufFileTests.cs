using System.Text;
using Smvl.Formats.Gguf;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Formats.Gguf;

/// <summary>The reader believes nothing: each way a file can be damaged is refused in one line that names it.</summary>
public sealed class GgufFileTests : IDisposable
{
    private const uint F32 = 0, Q80 = 8, Q4K = 12;
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void EveryTypeOfTensorIsRead()
    {
        using GgufFile file = GgufFile.Open(GgufData.Made("types.gguf"));
        Assert.Equal(
            ["F32[2, 256]", "F16[2, 256]", "BF16[2, 256]", "Q8_0[2, 256]", "Q4_0[2, 256]", "Q4_K[2, 256]", "Q6_K[2, 256]", "I32[1, 3]", "I64[1]"],
            file.Tensors.Values.Select(tensor => tensor.ToString()));
        Assert.All(file.Tensors.Values, tensor => Assert.Equal(0, tensor.ByteOffset % 64));
        Assert.Equal([1, -2, 3], file.Tensors["i32"].Span<int>().ToArray());
        Assert.Equal(-5, file.Tensors["i64"].Span<long>()[0]);
        float[] exact = file.Tensors["f32"].Span<float>().ToArray();
        Assert.Equal(0.12573022f, exact[0]);   // default_rng(0).standard_normal
        float[] half = new float[512], brain = new float[512];
        FloatConversion.ToSingle(file.Tensors["f16"], 0, half);
        FloatConversion.ToSingle(file.Tensors["bf16"], 0, brain);
        Assert.All(exact.Zip(half), pair => Assert.Equal((float)(Half)pair.First, pair.Second));
        Assert.All(exact.Zip(brain), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) / 256));
    }

    [Fact]
    public void EveryTypeOfValueIsPassed()
    {
        using GgufFile file = GgufFile.Open(GgufData.Made("types.gguf"));
        GgufMetadata metadata = file.Metadata;
        Assert.Equal("general.architecture", metadata.Keys.First());
        Assert.Equal("numbers.bool", metadata.Keys.Last());
        Assert.Equal(20, metadata.Keys.Count);
        Assert.Equal(64, metadata.Int("general.alignment"));
        Assert.Equal([1, 2, 3], metadata.Ints("numbers.int32"));
    }

    [Fact]
    public void ValuesHaveTheirTypes()
    {
        string path = GgufData.Made("plain.gguf");
        using GgufFile file = GgufFile.Open(path);
        GgufMetadata metadata = file.Metadata;
        Assert.Equal("Größe 大小 🦦", metadata.Text("general.name"));
        Assert.Equal(28, metadata.Positive("qwen3.block_count"));
        Assert.Equal(1e6f, metadata.Float("qwen3.rope.freq_base"));
        Assert.False(metadata.Bool("tokenizer.ggml.add_bos_token"));
        Assert.True(metadata.Bool("clip.use_gelu"));
        Assert.Equal([0.5f, 0.25f, 0.125f], metadata.Floats("clip.vision.image_mean"));
        Assert.Equal([1, 3, 4, 5, -6], metadata.Ints("tokenizer.ggml.token_type"));
        Assert.Equal(["a", "Ġb", "", "<|中|>", "\n"], Texts(metadata.Strings("tokenizer.ggml.tokens")));
        Assert.Equal(12, metadata.Strings("tokenizer.ggml.tokens").Utf8Length);
        Assert.Null(metadata.OptionalInt("none"));
        Assert.Null(metadata.OptionalText("none"));
        Assert.Equal(7, metadata.Int("none", 7));
        Assert.True(metadata.Bool("none", true));
        Assert.False(metadata.Has("none"));
        metadata.Require("general.architecture", "qwen3");

        Refused("none is missing", () => metadata.Int("none"));
        Refused("none is missing", () => metadata.Strings("none"));
        Refused("general.name has a wrong type (expected U32, actual String)", () => metadata.Int("general.name"));
        Refused("qwen3.block_count has a wrong type (expected F32, actual U32)", () => metadata.Float("qwen3.block_count"));
        Refused("qwen3.block_count has a wrong type (expected an array of I32, actual U32)", () => metadata.Ints("qwen3.block_count"));
        Refused("tokenizer.ggml.tokens has a wrong type (expected String, actual an array of String)", () => metadata.Text("tokenizer.ggml.tokens"));
        Refused("general.architecture is not supported (expected llama, actual qwen3)", () => metadata.Require("general.architecture", "llama"));

        void Refused(string problem, Action read) => Assert.StartsWith($"{path}: {problem}", Assert.Throws<SmvlException>(read).Message);
    }

    public static TheoryData<string, byte[], string> Damaged => new()
    {
        { "empty", [], "too short for a GGUF header" },
        { "short", new byte[23], "too short for a GGUF header" },
        { "magic", new GgufData().Header(0, 0, magic: 0x47475546).ToArray(), "not a GGUF file (expected 0x46554747 at byte 0, actual 0x47475546)" },
        { "version 2", new GgufData().Header(0, 0, version: 2).ToArray(), "a GGUF version that is not read (expected 3, actual 2)" },
        { "big endian", new GgufData().Header(0, 0, version: 0x03000000).ToArray(), "a GGUF version that is not read (expected 3, actual 50331648)" },
        { "keys", new GgufData().Header(0, ulong.MaxValue).ToArray(), "the number of keys at byte 16 is impossible (expected at most 0, actual 18446744073709551615)" },
        { "tensors", new GgufData().Header(1UL << 63, 0).ToArray(), "the number of tensors at byte 8 is impossible (expected at most 0, actual 9223372036854775808)" },
        { "no key", new GgufData().Header(0, 1).ToArray(), "the number of keys at byte 16 is impossible" },
        { "key length", Key(data => data.U64(ulong.MaxValue)), "the length of a key at byte 24 is impossible" },
        { "key beyond", Key(data => data.U64(100)), "the length of a key at byte 24 is impossible" },
        { "key too long", Key(data => data.Text(new string('k', 65536)).U32(4).U32(1)), "a key at byte 24 is too long (expected at most 65535 bytes, actual 65536)" },
        { "key empty", Key(data => data.Text("").U32(4).U32(1)), "a key is empty" },
        { "key no UTF-8", Key(data => data.U64(2).Bytes(0xC3, 0x28).U32(4).U32(1)), "a key at byte 24 is not UTF-8" },
        { "type", Key(data => data.Text("k").U32(13).U32(1)), "k has an unknown type at byte 33 (expected 0 to 12, actual 13)" },
        { "value cut", Key(data => data.Text("k").U32(12).U32(1), pad: false), "the file ends within k (expected 8 bytes at byte 37, actual 4)" },
        { "string beyond", Key(data => data.Text("k").U32(8).U64(1UL << 40)), "the length of k at byte 37 is impossible" },
        { "string no UTF-8", Key(data => data.Text("k").U32(8).U64(1).Bytes(0xFF)), "k at byte 37 is not UTF-8" },
        { "array count", Key(data => data.Text("k").U32(9).U32(4).U64(1UL << 62)), "the number of elements of k at byte 41 is impossible" },
        { "array of strings", Key(data => data.Text("k").U32(9).U32(8).U64(1UL << 61)), "the number of elements of k at byte 41 is impossible" },
        { "array in array", Key(data => data.Text("k").U32(9).U32(9).U64(1).U32(9).U64(1)), "k is an array of arrays" },
        { "array type", Key(data => data.Text("k").U32(9).U32(99).U64(0)), "k has an unknown type at byte 37" },
        { "huge strings", Key(data => data.Text("k").U32(9).U32(8).U64(2).Text("a").U64(ulong.MaxValue - 7)), "the length of k at byte 58 is impossible" },
        { "key twice", new GgufData().Header(0, 2).Text("k").U32(4).U32(1).Text("k").U32(4).U32(1).ToArray(), "k is there twice (actual key 1 at byte 41)" },
        { "alignment 0", Key(data => data.Text("general.alignment").U32(4).U32(0)), "general.alignment is not supported (expected a power of two from 8, actual 0)" },
        { "alignment 24", Key(data => data.Text("general.alignment").U32(4).U32(24)), "general.alignment is not supported" },
        { "alignment 2^31", Key(data => data.Text("general.alignment").U32(4).U32(1u << 31)), "general.alignment is not supported" },
        { "alignment type", Key(data => data.Text("general.alignment").U32(10).U64(32)), "general.alignment has a wrong type (expected U32, actual U64)" },
        { "name length", new GgufData().Header(1, 0).Tensor(new string('t', 64), F32, 0, 1).Data(4).ToArray(), "a tensor's name at byte 24 is too long (expected at most 63 bytes, actual 64)" },
        { "dimensions", new GgufData().Header(1, 0).Tensor("t", F32, 0, 1, 1, 1, 1, 1).Data(4).ToArray(), "tensor t has too many dimensions (expected at most 4, actual 5)" },
        { "dimension count", new GgufData().Header(1, 0).Text("t").U32(uint.MaxValue).Data(64).ToArray(), "tensor t has too many dimensions" },
        { "extent 0", new GgufData().Header(1, 0).Tensor("t", F32, 0, 0).Data(4).ToArray(), "extent 0 of tensor t is impossible" },
        { "extent negative", new GgufData().Header(1, 0).Tensor("t", F32, 0, ulong.MaxValue).Data(4).ToArray(), "extent 0 of tensor t is impossible" },
        { "extents overflow", new GgufData().Header(1, 0).Tensor("t", F32, 0, 1UL << 30, 1UL << 30, 1UL << 30).Data(4).ToArray(), "extent 0 of tensor t is impossible" },
        { "extents overflow later", new GgufData().Header(1, 0).Tensor("t", F32, 0, 64, 64, 64, 64).Data(4).ToArray(), "extent 1 of tensor t is impossible" },
        { "element type", new GgufData().Header(1, 0).Tensor("t", 13, 0, 256).Data(256).ToArray(), "tensor t has an element type that is not read" },
        { "part of a block", new GgufData().Header(1, 0).Tensor("t", Q80, 0, 48, 2).Data(102).ToArray(), "rows of tensor t are not whole blocks (expected a multiple of 32 for Q8_0, actual 48)" },
        { "part of a large block", new GgufData().Header(1, 0).Tensor("t", Q4K, 0, 128, 2).Data(144).ToArray(), "rows of tensor t are not whole blocks (expected a multiple of 256 for Q4_K, actual 128)" },
        { "no block", new GgufData().Header(1, 0).Tensor("t", Q80, 0).Data(34).ToArray(), "rows of tensor t are not whole blocks" },
        { "outside", new GgufData().Header(1, 0).Tensor("t", F32, 0, 64).Data(128).ToArray(), "tensor t ends outside the file" },
        { "cut", new GgufData().Header(1, 0).Tensor("t", F32, 0, 32).Data(127).ToArray(), "the tensors end outside the file" },
        { "offset", new GgufData().Header(1, 0).Tensor("t", F32, 1UL << 63, 1).Data(4).ToArray(), "tensor t, described at byte 24, lies at a wrong place (expected offset 0, actual 9223372036854775808)" },
        { "overlap", Two(second: 0), "tensor u, described at byte 57, lies at a wrong place (expected offset 32, actual 0)" },
        { "unaligned", Two(second: 8), "tensor u, described at byte 57, lies at a wrong place (expected offset 32, actual 8)" },
        { "hole", Two(second: 64), "tensor u, described at byte 57, lies at a wrong place (expected offset 32, actual 64)" },
        { "name twice", new GgufData().Header(2, 0).Tensor("t", F32, 0, 1).Tensor("t", F32, 32, 1).Data(64).ToArray(), "tensor t is there twice" },
        { "behind", new GgufData().Header(1, 0).Tensor("t", F32, 0, 1).Data(33).ToArray(), "bytes behind the last tensor (expected 68 bytes, actual 97)" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void ADamagedFileIsRefused(string name, byte[] bytes, string problem)
    {
        string path = Write(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string refusal = Assert.Throws<SmvlException>(() => GgufFile.Open(path).Dispose()).Message;
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000 + (8 * bytes.Length), name);
        Assert.StartsWith($"{path}: {problem}", refusal);
        Assert.DoesNotContain('\n', refusal);
    }

    [Fact]
    public void WhatIsRightIsRead()
    {
        using GgufFile empty = GgufFile.Open(Write(new GgufData().Header(0, 0).ToArray()));
        Assert.Empty(empty.Tensors);
        using GgufFile unpadded = GgufFile.Open(Write(new GgufData().Header(1, 0).Tensor("t", F32, 0, 1).Data(4).ToArray()));
        using GgufFile padded = GgufFile.Open(Write(new GgufData().Header(1, 0).Tensor("t", F32, 0, 1).Data(32).ToArray()));
        using GgufFile scalar = GgufFile.Open(Write(new GgufData().Header(1, 0).Tensor("t", F32, 0).Data(4).ToArray()));
        using GgufFile two = GgufFile.Open(Write(Two(second: 32)));
        Assert.Equal(["t", "u"], two.Tensors.Keys);
    }

    [Fact]
    public void AMissingFileIsRefused()
    {
        string path = temporary["none.gguf"];
        Assert.StartsWith($"{path}: no such file", Assert.Throws<SmvlException>(() => GgufFile.Open(path)).Message);
    }

    [Theory]
    [InlineData("plain.gguf")]
    [InlineData("types.gguf")]
    public void NoTruncationIsRead(string name)
    {
        byte[] whole = File.ReadAllBytes(GgufData.Made(name));
        for (int length = 0; length < whole.Length; length += length < 1200 ? 1 : 13)
        {
            string path = Write(whole[..length]);
            bool padding = whole.Length - length < 64 && whole.AsSpan(length).IndexOfAnyExcept((byte)0) < 0;
            Exception? problem = Record.Exception(() => ReadAll(path, length));
            Assert.True(problem is SmvlException || (padding && problem is null), $"{length} of {whole.Length} bytes: {problem}");
        }
    }

    [Theory]
    [InlineData("plain.gguf", 1)]
    [InlineData("types.gguf", 2)]
    public void FlippedBitsAreReadOrRefused(string name, int seed)
    {
        byte[] whole = File.ReadAllBytes(GgufData.Made(name));
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] damaged = [.. whole];
            for (int flips = random.Next(1, 5); flips > 0; flips--)
            {
                damaged[random.Next(Math.Min(whole.Length, 1200))] ^= (byte)(1 << random.Next(8));
            }

            string path = Write(damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? problem = Record.Exception(() => ReadAll(path, round));
            Assert.True(problem is null or SmvlException, $"round {round}: {problem}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000, $"round {round} allocated too much");
            Assert.DoesNotContain('\n', problem?.Message ?? "");
            refused += problem is null ? 0 : 1;
        }

        Assert.InRange(refused, 500, 1499);
    }

    [Fact]
    public void AVocabularyOfRealSizeIsReadWithoutCopies()
    {
        var writer = new GgufWriter();
        writer.Add("tokenizer.ggml.tokens", [.. Enumerable.Range(0, 151_936).Select(i => $"token{i}")]);
        writer.Add("tokenizer.ggml.merges", [.. Enumerable.Range(0, 151_387).Select(i => $"left{i} right{i}")]);
        string path = temporary["vocabulary.gguf"];
        writer.Write(path, []);
        Read();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(151_936 + 151_387, Read());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000);
        long Read()
        {
            using GgufFile file = GgufFile.Open(path);
            long count = 0;
            foreach (string key in (string[])["tokenizer.ggml.tokens", "tokenizer.ggml.merges"])
            {
                foreach (ReadOnlySpan<byte> text in file.Metadata.Strings(key))
                {
                    count += text.IsEmpty ? 0 : 1;
                }
            }

            return count;
        }
    }

    private static byte[] Key(Action<GgufData> rest, bool pad = true)
    {
        GgufData data = new GgufData().Header(0, 1);
        rest(data);
        return pad ? data.Bytes(new byte[16]).ToArray() : data.ToArray();
    }

    private static byte[] Two(ulong second) => new GgufData().Header(2, 0).Tensor("t", F32, 0, 1).Tensor("u", F32, second, 1).Data(36).ToArray();

    /// <summary>Looks at all that a file holds, at each value as one of the types in turn.</summary>
    private static void ReadAll(string path, int turn)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufMetadata metadata = file.Metadata;
        foreach (string key in metadata.Keys)
        {
            Action[] reads =
            [
                () => metadata.Int(key), () => metadata.Float(key), () => metadata.Bool(key), () => metadata.Text(key),
                () => metadata.Ints(key), () => metadata.Floats(key), () => Texts(metadata.Strings(key)),
            ];
            Assert.True(Record.Exception(reads[turn++ % reads.Length]) is null or SmvlException, key);
        }

        using var sink = new MemoryStream();
        foreach (Tensor tensor in file.Tensors.Values)
        {
            HostBytes.CopyTo(tensor, sink);
        }
    }

    private static string[] Texts(GgufStrings strings)
    {
        var texts = new List<string>();
        foreach (ReadOnlySpan<byte> text in strings)
        {
            texts.Add(Encoding.UTF8.GetString(text));
        }

        return [.. texts];
    }

    private string Write(byte[] bytes)
    {
        string path = temporary["x.gguf"];
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
