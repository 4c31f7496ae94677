using System.Buffers;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>A picture as a dataset stores it: an encoded file (JPEG, PNG, ...) and the name it had, either of which may be missing.</summary>
public sealed record CauldronImage(byte[]? Bytes, string? Path);

/// <summary>A question, its answer and the data set it comes from, any of which may be missing.</summary>
public sealed record CauldronTurn(string? User, string? Assistant, string? Source);

/// <summary>One row in the_cauldron's schema, nulls kept as they are: the lists, their elements and the fields may all be null.</summary>
public sealed record CauldronRow(IReadOnlyList<CauldronImage?>? Images, IReadOnlyList<CauldronTurn?>? Texts);

/// <summary>What training takes from a row: its first pictures, and its first turns.</summary>
/// <param name="Picture">the first, an encoded file, whose bytes it owns; null where the row is text only</param>
/// <param name="PicturePath">the name that picture had; may be missing</param>
/// <param name="Turns">questions and answers, at least one</param>
public sealed record CauldronSample(IMemoryOwner<byte>? Picture, string? PicturePath, IReadOnlyList<QuestionAnswer> Turns) : IDisposable
{
    /// <summary>What a system message says; null for none.</summary>
    public string? System { get; init; }

    /// <summary>Pictures behind the first one, encoded files too.</summary>
    public IReadOnlyList<IMemoryOwner<byte>> MorePictures { get; init; } = [];

    /// <summary>Pictures that the row has beyond those that were asked for.</summary>
    public int PicturesLeft { get; init; }

    /// <summary>Turns that the row has beyond those that were asked for.</summary>
    public int TurnsLeft { get; init; }

    /// <summary>All pictures, in the row's order.</summary>
    public IEnumerable<IMemoryOwner<byte>> Pictures => Picture is null ? [] : MorePictures.Prepend(Picture);

    /// <summary>Gives the pictures' memory back.</summary>
    public void Dispose()
    {
        foreach (IMemoryOwner<byte> picture in Pictures)
        {
            picture.Dispose();
        }
    }
}
