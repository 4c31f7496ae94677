namespace Smvl.Models;

/// <summary>
/// The whole vision-language model: tower, pixel-shuffle connector, text decoder. Read from a folder's config.json by
/// <see cref="Formats.ConfigFile"/>, which checks it; every extent and token id of the model comes from here.
/// </summary>
public sealed record ModelConfig
{
    public required VisionConfig Vision { get; init; }

    public required TextConfig Text { get; init; }

    /// <summary>Edge of the block of patches that the connector folds into one row.</summary>
    public required int ScaleFactor { get; init; }

    /// <summary>The token whose embeddings the picture's rows replace.</summary>
    public required int ImageTokenId { get; init; }

    /// <summary>Rows, and so image tokens, of one tile.</summary>
    public int ImageSequenceLength => Vision.PatchCount / (ScaleFactor * ScaleFactor);

    /// <summary>Width of a row after pixel shuffle: the connector's input.</summary>
    public int ConnectorInputSize => Vision.HiddenSize * ScaleFactor * ScaleFactor;
}
