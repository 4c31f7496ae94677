using Smvl.Formats;
using Smvl.Models;

namespace Smvl.Tests.Models;

public sealed class NameTableTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TheSplicedModelHasTransformersNamesAndShapes()
    {
        using SafetensorsFile file = Golden.Tensors("spliced", "model.safetensors");
        AssertSame(file, NameTable.For(ConfigFile.ReadModel(Golden.Path("spliced"))));
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TheTextSourceHasTransformersNamesAndShapes()
    {
        using SafetensorsFile file = Golden.Tensors("sources", "qwen3-tiny", "model.safetensors");
        AssertSame(file, NameTable.TextSource(ConfigFile.ReadTextSource(Golden.Path("sources", "qwen3-tiny"))));
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TheVisionSourceHasTransformersNamesAndShapes()
    {
        string path = Golden.Path("sources", "smolvlm2-tiny");
        using CheckpointFolder folder = CheckpointFolder.Open(path);
        ModelConfig config = ConfigFile.ReadSmolVlm(path);
        Assert.Equal(Described(folder.Tensors), Described(NameTable.SmolVlm(config)));
        Assert.Equal(
            NameTable.SmolVlm(config).Where(row => NameTable.PartOf(row) == ModelPart.Vision), NameTable.VisionSource(config.Vision));
    }

    [Fact]
    public void TheFullSizeHasThePublishedCounts()
    {
        string vision = temporary["vision"];
        string text = temporary["text"];
        ModelConfig config = FullSize(vision, text);
        Dictionary<ModelPart, long> counts = NameTable.For(config).GroupBy(NameTable.PartOf).ToDictionary(rows => rows.Key, rows => rows.Sum(row => row.Shape.Count));
        Assert.Equal(86_433_024, counts[ModelPart.Vision]);
        Assert.Equal(12_582_912, counts[ModelPart.Connector]);
        Assert.Equal(596_049_920, counts[ModelPart.Text]);
        Assert.Equal(695_065_856, counts.Values.Sum());
        Assert.Equal(64, config.ImageSequenceLength);
        Assert.Equal(256_484_928, NameTable.SmolVlm(ConfigFile.ReadSmolVlm(vision)).Sum(row => row.Shape.Count));
    }

    [Fact]
    public void AnUntiedHeadIsAPartOfItsOwn()
    {
        TextConfig text = ConfigFile.ReadTextSource(Golden.Path("sources", "qwen3-tiny")) with { TieWordEmbeddings = false };
        TensorName head = NameTable.TextSource(text)[^1];
        Assert.Equal(
            ("head", "lm_head.weight", "output.weight", $"[{text.VocabularySize}, {text.HiddenSize}]"),
            (head.Ours, head.HuggingFace, head.Gguf, $"{head.Shape}"));
        Assert.Equal(ModelPart.Head, NameTable.PartOf(head));
    }

    /// <summary>Against files that llama.cpp ran: the tensors outside the blocks and those of block 0.</summary>
    [Fact]
    public void TheFullSizeHasLlamaCppsNamesAndExtents()
    {
        NameTable table = NameTable.For(FullSize(temporary["vision"], temporary["text"]));
        string[] expected = File.ReadAllLines(Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Models", "gguf-names.txt"));
        Assert.Equal(
            expected,
            table
                .Where(row => !row.Gguf.Contains("blk.", StringComparison.Ordinal) || row.Gguf.Contains("blk.0.", StringComparison.Ordinal))
                .Select(row => $"{(row.IsInProjectorFile ? "mmproj" : "text")} {row.Gguf} {string.Join(' ', row.Shape.Dims.ToArray().Reverse())}")
                .Order(StringComparer.Ordinal));
        Assert.Equal(310, table.Count(row => !row.IsInProjectorFile));
        Assert.Equal(198, table.Count(row => row.IsInProjectorFile));
        Assert.Equal(table.Count, table.Select(row => row.Gguf).Distinct().Count());
    }

    private static ModelConfig FullSize(string vision, string text)
    {
        Directory.CreateDirectory(vision);
        Directory.CreateDirectory(text);
        Presets.WriteFiles("smolvlm2-256m", vision);
        Presets.WriteFiles("qwen3-0.6b", text);
        (VisionConfig tower, int scale) = ConfigFile.ReadVisionSource(vision);
        return new ModelConfig { Vision = tower, Text = ConfigFile.ReadTextSource(text), ScaleFactor = scale, ImageTokenId = 151655 };
    }

    private static void AssertSame(SafetensorsFile file, NameTable table)
    {
        Assert.Equal(Described(file.Tensors), Described(table));
        Assert.Equal(table.Count, table.Select(row => row.Ours).Distinct().Count());
    }

    private static IEnumerable<string> Described(IReadOnlyDictionary<string, Smvl.Tensors.Tensor> tensors) =>
        tensors.Select(pair => $"{pair.Key} {pair.Value.Shape}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Described(NameTable table) =>
        table.Select(row => $"{row.HuggingFace} {row.Shape}").Order(StringComparer.Ordinal);
}
