namespace Smvl.Models;

/// <summary>
/// The Qwen3 text decoder's extents, as config.json (or its text_config) gives them; checked when read.
/// Activation is SiLU, no biases, full attention in every layer, plain rotary positions.
/// Source: transformers, models/qwen3/configuration_qwen3.py.
/// </summary>
public sealed record TextConfig
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int LayerCount { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads; each serves <see cref="HeadCount"/> / this many query heads.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Width of a head; <see cref="HeadCount"/> times it need not be <see cref="HiddenSize"/>.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Rows of the embedding and of the head; a tokenizer may use fewer.</summary>
    public required int VocabularySize { get; init; }

    public required double RmsNormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    public required int MaxPositions { get; init; }

    /// <summary>The head is the embedding itself.</summary>
    public required bool TieWordEmbeddings { get; init; }

    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end an answer; one or several, empty when the file names none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    public int? PadTokenId { get; init; }
}
