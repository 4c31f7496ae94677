using System.Diagnostics;

namespace Smvl.Tensors;

/// <summary>
/// The bytes of a tensor, for the file formats: they move stored bytes and look at no number.
/// Those of another backend's tensor are downloaded a piece at a time.
/// </summary>
internal static unsafe class HostBytes
{
    /// <summary>Longest run handed out at once.</summary>
    private const int Piece = 1 << 24;

    /// <summary>Appends all bytes of the tensor to the stream.</summary>
    public static void CopyTo(Tensor tensor, Stream stream, CancellationToken cancellation = default)
    {
        byte[] downloaded = tensor.Storage is HostStorage ? [] : new byte[Math.Min(Piece, tensor.ByteLength)];
        for (long at = 0; at < tensor.ByteLength; at += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            if (tensor.Storage is HostStorage)
            {
                stream.Write(Run(tensor, at));
            }
            else
            {
                Span<byte> run = downloaded.AsSpan(0, (int)Math.Min(Piece, tensor.ByteLength - at));
                tensor.Storage.Read(tensor.ByteOffset + at, run);
                stream.Write(run);
            }
        }
    }

    /// <summary>True if both hold the same element type and the same bytes.</summary>
    public static bool Equal(Tensor a, Tensor b)
    {
        if (a.DType != b.DType || a.ByteLength != b.ByteLength)
        {
            return false;
        }

        for (long at = 0; at < a.ByteLength; at += Piece)
        {
            if (!Run(a, at).SequenceEqual(Run(b, at)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Some of the tensor's bytes; valid while its owner lives.</summary>
    public static ReadOnlySpan<byte> Slice(Tensor tensor, long at, int length)
    {
        Debug.Assert(tensor.Storage is HostStorage && at + length <= tensor.ByteLength, "within a tensor of host memory");
        return new ReadOnlySpan<byte>(((HostStorage)tensor.Storage).Pointer + tensor.ByteOffset + at, length);
    }

    private static ReadOnlySpan<byte> Run(Tensor tensor, long at) => Slice(tensor, at, (int)Math.Min(Piece, tensor.ByteLength - at));
}
