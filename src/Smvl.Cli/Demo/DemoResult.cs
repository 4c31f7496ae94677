using Smvl.Models;

namespace Smvl.Cli.Demo;

/// <summary>A figure before training and behind it.</summary>
internal readonly record struct BeforeAfter(double Before, double After);

/// <summary>What a demo found: what the terminal shows and the report keeps.</summary>
internal sealed record DemoResult
{
    public required ModelConfig Config { get; init; }

    /// <summary>Elements of the whole model and of the connector.</summary>
    public required (long All, long Connector) Parameters { get; init; }

    /// <summary>One line for each promise of the splice.</summary>
    public required IReadOnlyList<string> Checks { get; init; }

    public required IReadOnlyList<ScoreRow> Scores { get; init; }

    /// <summary>Null where too few rows are held out.</summary>
    public required BeforeAfter? VisualGain { get; init; }

    /// <summary>Null where the repository has no dialogues.</summary>
    public required BeforeAfter? Perplexity { get; init; }

    /// <summary>The text model's weights behind training, which are those of before.</summary>
    public required WeightHash TextWeights { get; init; }

    /// <summary>Of every step.</summary>
    public required IReadOnlyList<double> Losses { get; init; }

    public required IReadOnlyList<DemoExample> Examples { get; init; }

    /// <summary>The run's configuration as YAML.</summary>
    public required string Configuration { get; init; }

    /// <summary>Cores that computed.</summary>
    public required int Threads { get; init; }

    public required IReadOnlyList<(string Name, double Seconds)> Stages { get; init; }

    public required double Seconds { get; init; }
}
