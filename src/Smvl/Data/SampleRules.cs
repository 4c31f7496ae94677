namespace Smvl.Data;

/// <summary>Which turns of a row are trained on (key <c>turns</c>).</summary>
public enum RowTurns
{
    /// <summary>The first one, as the original scripts do.</summary>
    First,

    /// <summary>All of them, one behind the other.</summary>
    All,
}

/// <summary>Which tokens have a label (key <c>loss_on</c>).</summary>
public enum LossOn
{
    /// <summary>Questions and answers, all but padding and image rows, as the original scripts do.</summary>
    All,

    /// <summary>What the assistant says, and the token that ends it.</summary>
    Answer,
}

/// <summary>How rows become samples.</summary>
/// <param name="MaxLength">tokens of a sample; what is longer is cut behind its pictures</param>
public sealed record SampleRules(int MaxLength)
{
    public RowTurns Turns { get; init; }

    public LossOn LossOn { get; init; }
}
