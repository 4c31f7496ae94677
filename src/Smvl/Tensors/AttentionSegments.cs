namespace Smvl.Tensors;

/// <summary>
/// One sequence inside concatenated rows. Queries are rows <paramref name="QueryStart"/> to
/// <paramref name="QueryStart"/> + <paramref name="QueryLength"/> of q; keys and values are rows
/// <paramref name="KeyStart"/> to <paramref name="KeyStart"/> + <paramref name="KeyLength"/> of k and v. With a cache there are
/// more keys than queries; the last query then sees the last key.
/// </summary>
public readonly record struct AttentionSegment(int QueryStart, int QueryLength, int KeyStart, int KeyLength);

/// <summary>
/// How rows attend: within their own segment only, query i of a causal segment to keys 0 .. KeyLength - QueryLength + i.
/// Heads: <paramref name="Heads"/> of queries share <paramref name="KeyValueHeads"/> of keys and values (grouped queries:
/// head h reads key/value head h / (Heads / KeyValueHeads)).
/// </summary>
public sealed record AttentionLayout(
    IReadOnlyList<AttentionSegment> Segments, int Heads, int KeyValueHeads, int HeadDim, bool Causal)
{
    /// <summary>The factor on q·k: 1 / sqrt(HeadDim).</summary>
    public float Scale => 1f / MathF.Sqrt(HeadDim);

    /// <summary>Rows of q in all segments.</summary>
    public int QueryCount => Segments.Sum(segment => segment.QueryLength);

    /// <summary>Segments of <paramref name="count"/> equal blocks of <paramref name="length"/> rows (the tiles of a tower).</summary>
    public static AttentionSegment[] Blocks(int count, int length) =>
        [.. Enumerable.Range(0, count).Select(i => new AttentionSegment(i * length, length, i * length, length))];
}
