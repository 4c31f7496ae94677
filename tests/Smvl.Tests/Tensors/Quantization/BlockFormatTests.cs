using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;

namespace Smvl.Tests.Tensors.Quantization;

/// <summary>Against the bytes that llama-quantize writes and the values that gguf-py reads from them (scripts/make_quantization_fixtures.py).</summary>
public sealed class BlockFormatTests
{
    public static TheoryData<string> Matrices()
    {
        using SafetensorsFile golden = Open();
        return [.. golden.Tensors.Keys.Where(name => !name.Contains('.'))];
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    [Trait("Category", Golden.Category)]
    public void SimpleTypesHaveTheBytesOfLlamaQuantize(string name)
    {
        using SafetensorsFile golden = Open();
        foreach (DType dtype in new[] { DType.Q8_0, DType.Q4_0 })
        {
            ReadOnlySpan<byte> expected = Bytes(golden, name, dtype);
            byte[] actual = Quantize(golden.Tensors[name].Span<float>(), dtype);
            int at = expected.CommonPrefixLength(actual);
            Assert.True(at == expected.Length, $"{name} {dtype}: byte {at % dtype.BlockBytes()} of block {at / dtype.BlockBytes()} differs");
        }
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    [Trait("Category", Golden.Category)]
    public void KTypesHaveNoGreaterErrorThanLlamaQuantize(string name)
    {
        using SafetensorsFile golden = Open();
        ReadOnlySpan<float> source = golden.Tensors[name].Span<float>();
        foreach (DType dtype in new[] { DType.Q4_K, DType.Q6_K })
        {
            double theirs = SquaredError(source, Dequantize(Bytes(golden, name, dtype), dtype));
            double ours = SquaredError(source, Dequantize(Quantize(source, dtype), dtype));
            Assert.True(ours <= 1.02 * theirs, $"{name} {dtype}: squared error {ours:g6}, llama-quantize's {theirs:g6}, {ours / theirs:f4} times");
        }
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    [Trait("Category", Golden.Category)]
    public void BlocksStandForTheValuesOfGgufPy(string name)
    {
        using SafetensorsFile golden = Open();
        JsonElement hashes = Golden.Json("quantization", "values.json");
        foreach (DType dtype in new[] { DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K })
        {
            float[] values = Dequantize(Bytes(golden, name, dtype), dtype);
            string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values)));
            Assert.True(hash == hashes.GetProperty(Key(name, dtype)).GetString(), $"{name} {dtype} reads as other values");
        }
    }

    [Fact]
    public void PartBlocksAreRefused()
    {
        Assert.Throws<ArgumentException>(() => BlockFormat.Quantize(DType.Q4_K, new float[32], new byte[18]));
        Assert.Throws<ArgumentException>(() => BlockFormat.Dequantize(DType.Q8_0, new byte[34], new float[64]));
        Assert.Throws<ArgumentException>(() => BlockFormat.Quantize(DType.F32, new float[1], new byte[4]));
    }

    private static SafetensorsFile Open() => Golden.Tensors("quantization", "blocks.safetensors");

    private static ReadOnlySpan<byte> Bytes(SafetensorsFile golden, string name, DType dtype) =>
        golden.Tensors[Key(name, dtype)].Span<byte>();

    private static string Key(string name, DType dtype) => $"{name}.{dtype.ToString().ToLowerInvariant()}";

    private static byte[] Quantize(ReadOnlySpan<float> source, DType dtype)
    {
        byte[] blocks = new byte[dtype.Bytes(source.Length)];
        BlockFormat.Quantize(dtype, source, blocks);
        return blocks;
    }

    private static float[] Dequantize(ReadOnlySpan<byte> blocks, DType dtype)
    {
        float[] values = new float[blocks.Length / dtype.BlockBytes() * dtype.BlockSize()];
        BlockFormat.Dequantize(dtype, blocks, values);
        return values;
    }

    private static double SquaredError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double off = (double)expected[i] - actual[i];
            sum += off * off;
        }

        return sum;
    }
}
