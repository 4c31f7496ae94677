using Smvl.Images;

namespace Smvl.Benchmarks;

/// <summary>How large the works are.</summary>
public sealed class BenchmarkPreset
{
    private BenchmarkPreset(string name, BenchmarkExtents extents)
    {
        Name = name;
        Extents = extents;
    }

    /// <summary>SmolVLM2-256M's tower on Qwen3-0.6B.</summary>
    public static BenchmarkPreset Full { get; } = new("full", new BenchmarkExtents
    {
        Vision = "smolvlm2-256m",
        Text = "qwen3-0.6b",
        Products = ModelShapes.Products,
        Attention = ModelShapes.Attention,
        PictureWidth = 4000,
        PictureHeight = 3000,
        Images = new() { LongestEdge = 2048, TileSize = 512 },
    });

    /// <summary>The demo's two models: everything runs, in seconds, and no figure says anything about the full size.</summary>
    public static BenchmarkPreset Tiny { get; } = new("tiny", new BenchmarkExtents
    {
        Vision = "smolvlm2-tiny",
        Text = "qwen3-tiny",
        Products = [new(256, 64, 160), new(256, 160, 64), new(256, 64, 320)],
        Attention = [new("tower", 64, 3, 3, 16, Causal: false), new("text", 256, 4, 2, 32, Causal: true)],
        PictureWidth = 800,
        PictureHeight = 600,
        Images = new() { LongestEdge = 128, TileSize = 64 },
    });

    public static IReadOnlyList<BenchmarkPreset> All { get; } = [Full, Tiny];

    public string Name { get; }

    internal BenchmarkExtents Extents { get; }
}

/// <summary>The works on a model take its extents from its folder; these are the others'.</summary>
internal sealed record BenchmarkExtents
{
    /// <summary>Of <see cref="Models.Presets.Names"/>: what a model is made of when no folder is named.</summary>
    public required string Vision { get; init; }

    /// <inheritdoc cref="Vision"/>
    public required string Text { get; init; }

    public required IReadOnlyList<ProductShape> Products { get; init; }

    public required IReadOnlyList<AttentionShape> Attention { get; init; }

    /// <summary>Pixels of the picture that is decoded, resized and cut.</summary>
    public required int PictureWidth { get; init; }

    /// <inheritdoc cref="PictureWidth"/>
    public required int PictureHeight { get; init; }

    public required ImageProcessorConfig Images { get; init; }
}
