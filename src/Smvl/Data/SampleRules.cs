namespace Smvl.Data;

/// <summary>Which tokens have a label (key <c>loss_on</c>).</summary>
public enum LossOn
{
    /// <summary>Questions and answers, all but padding and image rows, as the original scripts do.</summary>
    All,

    /// <summary>What the assistant says, from its think block, empty or not, to the token that ends it.</summary>
    Answer,
}

/// <summary>How rows become samples.</summary>
/// <param name="MaxLength">tokens of a sample; what is longer is cut behind its pictures</param>
public sealed record SampleRules(int MaxLength)
{
    /// <summary>All of a row's turns.</summary>
    public const int AllTurns = int.MaxValue;

    /// <summary>The first so many turns of a row are trained on, one behind the other (key <c>turns</c>); the original scripts take one.</summary>
    public int Turns { get; init; } = 1;

    /// <summary>The first so many pictures of a row are shown (key <c>max_images</c>); the original scripts take one.</summary>
    public int MaxImages { get; init; } = 1;

    public LossOn LossOn { get; init; }

    /// <summary>Most tiles of a picture (key <c>max_tiles</c>); null: as many as the model's settings make.</summary>
    public int? MaxTiles { get; init; }
}
