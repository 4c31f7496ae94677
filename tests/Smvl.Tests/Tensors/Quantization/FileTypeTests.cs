using System.Globalization;
using System.Text.Json;
using Smvl.Tensors;
using Smvl.Tensors.Quantization;

namespace Smvl.Tests.Tensors.Quantization;

/// <summary>The mixtures, against those that llama-quantize wrote (scripts/make_quantization_fixtures.py).</summary>
public sealed class FileTypeTests
{
    /// <summary>What llama-quantize falls back to where we refuse.</summary>
    private const string NotOurs = "q5_0";

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TextTensorsHaveTheTypesOfLlamaQuantize()
    {
        foreach (JsonElement model in Golden.Json("quantization", "types.json").EnumerateArray())
        {
            int layerCount = model.GetProperty("layers").GetInt32();
            bool tied = model.GetProperty("tied").GetBoolean();
            FileType type = FileType.Find(model.GetProperty("file_type").GetString()!)!;
            string where = model.GetRawText();
            JsonElement types = model.GetProperty("types");
            foreach (string name in Matrices(tied, layerCount))
            {
                string[] parts = name.Split('.');
                string[] expected = types.GetProperty(parts[^2]).GetString()!.Split(' ');
                Assert.True(expected[expected.Length == 1 ? 0 : int.Parse(parts[1], CultureInfo.InvariantCulture)] == Type(name), $"{name}: {Type(name)} in {where}");
            }

            string Type(string name)
            {
                int width = model.GetProperty(name.Contains("ffn_down") ? "inner" : name.Contains("attn_output") ? "queries" : "width").GetInt32();
                try
                {
                    return type.TextTensor(name, new Shape(2, width), layerCount, tied).ToString().ToLowerInvariant();
                }
                catch (SmvlException e)
                {
                    Assert.StartsWith($"{name}: cannot be stored as {type}", e.Message);
                    return NotOurs;
                }
            }
        }
    }

    [Fact]
    public void VectorsOfATextModelStayF32()
    {
        Assert.All(
            ["blk.0.attn_norm.weight", "blk.3.attn_q_norm.weight", "output_norm.weight"],
            name => Assert.Equal(DType.F32, FileType.Q4_K_M.TextTensor(name, new Shape(64), 4, tied: true)));
    }

    [Fact]
    public void OfAnMmprojTheMatricesAreQuantized()
    {
        Assert.Equal(DType.Q8_0, FileType.Q8_0.VisionTensor("v.blk.0.ffn_up.weight", new Shape(3072, 768)));
        Assert.Equal(DType.Q8_0, FileType.Q8_0.VisionTensor("mm.model.fc.weight", new Shape(1024, 12288)));
        Assert.Equal(DType.F16, FileType.F16.VisionTensor("mm.model.fc.weight", new Shape(1024, 12288)));
        Assert.Equal(DType.F16, FileType.Q8_0.VisionTensor("v.blk.0.ffn_up.weight", new Shape(3072, 72)));
        Assert.Equal(DType.F32, FileType.F32.VisionTensor("v.blk.0.ffn_up.weight", new Shape(3072, 768)));
        Assert.Equal(DType.F32, FileType.Q8_0.VisionTensor("v.patch_embd.weight", new Shape(768, 3, 16, 16)));
        Assert.Equal(DType.F32, FileType.Q8_0.VisionTensor("v.position_embd.weight", new Shape(1024, 768)));
        Assert.Equal(DType.F32, FileType.F16.VisionTensor("v.blk.0.ln1.weight", new Shape(768)));
        Assert.Equal(DType.F32, FileType.F16.VisionTensor("v.blk.0.attn_q.bias", new Shape(768)));
        SmvlException refusal = Assert.Throws<SmvlException>(() => FileType.Q4_0.VisionTensor("v.post_ln.weight", new Shape(768)));
        Assert.Equal("q4_0: is no type of an mmproj (expected f32, f16 or q8_0)", refusal.Message);
    }

    [Fact]
    public void NamesAndNumbersAreLlamaCpps()
    {
        Assert.Equal(["f32 0", "f16 1", "q8_0 7", "q4_0 2", "q4_k_m 15"], FileType.All.Select(type => $"{FileType.Find(type.Name)} {type.Number}"));
        Assert.Null(FileType.Find("q5_0"));
    }

    private static IEnumerable<string> Matrices(bool tied, int layerCount)
    {
        string[] parts = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];
        return Enumerable.Range(0, layerCount).SelectMany(i => parts.Select(part => $"blk.{i}.{part}.weight"))
            .Concat(tied ? ["token_embd.weight"] : ["token_embd.weight", "output.weight"]);
    }
}
