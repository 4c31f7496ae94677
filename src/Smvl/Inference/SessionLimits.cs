using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>How much a session may take. Tiles, context and the cache's type change answers; the rest only how fast they come.</summary>
public sealed record SessionLimits
{
    /// <summary>As much as the model and its pictures ask for.</summary>
    public static SessionLimits None { get; } = new();

    /// <summary>What keys and values are kept in.</summary>
    public DType CacheType { get; init; } = DType.F32;

    /// <summary>Most tokens of a conversation, answers included, whose cache is made at once; null for the model's positions, and a cache that grows.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Most tiles of a picture; null for as many as the model's settings make.</summary>
    public int? MaxTiles { get; init; }

    /// <summary>Tiles that the vision tower works on at a time; null for as many as are fast.</summary>
    public int? TilesAtOnce { get; init; }

    /// <summary>Most tokens of a prompt that are worked on at a time; null for all.</summary>
    public int? TokensAtOnce { get; init; }

    /// <summary>Whether mapped weights of the vision tower are resident one layer at a time.</summary>
    public bool Sparingly { get; init; }

    /// <summary>Pictures whose image rows are kept beyond the prompt they stood in.</summary>
    public int PicturesKept { get; init; } = 8;
}
