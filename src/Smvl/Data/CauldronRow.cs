using System.Buffers;

namespace Smvl.Data;

/// <summary>A picture as a dataset stores it: an encoded file (JPEG, PNG, ...) and the name it had, either of which may be missing.</summary>
public sealed record CauldronImage(byte[]? Bytes, string? Path);

/// <summary>A question, its answer and the data set it comes from, any of which may be missing.</summary>
public sealed record CauldronTurn(string? User, string? Assistant, string? Source);

/// <summary>One row in the_cauldron's schema, nulls kept as they are: the lists, their elements and the fields may all be null.</summary>
public sealed record CauldronRow(IReadOnlyList<CauldronImage?>? Images, IReadOnlyList<CauldronTurn?>? Texts);

/// <summary>What training takes from a row: its first picture (an encoded file, whose bytes it owns) and its first turn.</summary>
public sealed record CauldronSample(IMemoryOwner<byte> Picture, string? PicturePath, string Question, string Answer) : IDisposable
{
    /// <summary>Gives the picture's memory back.</summary>
    public void Dispose() => Picture.Dispose();
}
