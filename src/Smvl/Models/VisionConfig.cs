namespace Smvl.Models;

/// <summary>
/// The SigLIP vision tower's extents, as config.json's vision_config gives them; checked when read.
/// Activation is GELU (tanh form), three channels, square tiles and patches.
/// Source: transformers, models/smolvlm/configuration_smolvlm.py.
/// </summary>
public sealed record VisionConfig
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int LayerCount { get; init; }

    public required int HeadCount { get; init; }

    /// <summary>Pixels along a tile's edge.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Pixels along a patch's edge.</summary>
    public required int PatchSize { get; init; }

    public required double LayerNormEpsilon { get; init; }

    /// <summary>Red, green and blue.</summary>
    public int ChannelCount => 3;

    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>
    /// Patches along a tile's edge. Pixels behind the last whole patch (384 pixels of 14-pixel patches leave 6) are not read,
    /// as the strided convolution of the reference does not.
    /// </summary>
    public int GridSize => ImageSize / PatchSize;

    /// <summary>Patches of a tile: rows that the tower returns for it.</summary>
    public int PatchCount => GridSize * GridSize;
}
