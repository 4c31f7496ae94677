namespace Smvl.Models;

/// <summary>Keeps what a vision tower makes of a tile, P rows of D in BF16, from one step or run to the next.</summary>
internal interface ITowerCache
{
    /// <summary>What tells the tile from every other.</summary>
    /// <param name="tile">(3, S, S) bytes</param>
    string Key(ReadOnlySpan<byte> tile);

    /// <summary>Whether the tile's rows are there; they are then written into <paramref name="rows"/>.</summary>
    bool TryRead(string key, Span<byte> rows);

    /// <summary>Keeps the rows, where there is room.</summary>
    void Add(string key, ReadOnlySpan<byte> rows);
}
