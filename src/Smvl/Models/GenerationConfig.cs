namespace Smvl.Models;

/// <summary>
/// How a model answers unless told otherwise: generation_config.json's values, transformers' defaults for what it leaves out.
/// Source: transformers, generation/configuration_utils.py.
/// </summary>
public sealed record GenerationConfig
{
    public const double DefaultTemperature = 1;
    public const int DefaultTopK = 50;
    public const double DefaultTopP = 1;
    public const double DefaultRepetitionPenalty = 1;

    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end an answer; empty: only the length does.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    public int? PadTokenId { get; init; }

    /// <summary>False: always the likeliest token.</summary>
    public bool DoSample { get; init; }

    /// <summary>Divides the logits; above 0.</summary>
    public double Temperature { get; init; } = DefaultTemperature;

    /// <summary>Only the likeliest so many; 0: all.</summary>
    public int TopK { get; init; } = DefaultTopK;

    /// <summary>Only the likeliest that together reach this probability; 1: all.</summary>
    public double TopP { get; init; } = DefaultTopP;

    /// <summary>Divides positive and multiplies negative logits of tokens seen before; 1: none.</summary>
    public double RepetitionPenalty { get; init; } = DefaultRepetitionPenalty;
}
