using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Smvl.Hubs;

/// <summary>What a file's bytes must be.</summary>
/// <param name="Kind">how it is computed</param>
/// <param name="Hex">lower-case digits: 64, or 40 of a git blob</param>
internal readonly record struct ContentHash(ContentHashKind Kind, string Hex)
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Null where the text is no such hash: it also names files, so nothing else may be in it.</summary>
    public static ContentHash? TryParse(ContentHashKind kind, string? text) =>
        text is not null && text.Length == (kind == ContentHashKind.Sha256 ? 64 : 40) && text.All(char.IsAsciiHexDigit)
            ? new(kind, text.ToLowerInvariant())
            : null;

    /// <summary>The hash of a file.</summary>
    /// <param name="kind">how</param>
    /// <param name="file">is read from its start to its end</param>
    /// <param name="cancellation">stops between two pieces</param>
    public static ContentHash Compute(ContentHashKind kind, SafeFileHandle file, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(kind == ContentHashKind.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (kind == ContentHashKind.GitBlob)
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {RandomAccess.GetLength(file)}\0"));
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            for (long at = 0; (read = RandomAccess.Read(file, buffer.AsSpan(0, BufferBytes), at)) > 0; at += read)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return new(kind, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public override string ToString() => $"{(Kind == ContentHashKind.Sha256 ? "sha256" : "git blob")} {Hex}";
}
