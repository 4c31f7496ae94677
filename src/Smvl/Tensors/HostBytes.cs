using System.Diagnostics;

namespace Smvl.Tensors;

/// <summary>
/// The bytes of a tensor in host memory, for the file formats: they move stored bytes and look at no number.
/// A tensor of another backend is downloaded first.
/// </summary>
internal static unsafe class HostBytes
{
    /// <summary>Longest run handed out at once.</summary>
    private const int Piece = 1 << 24;

    /// <summary>Appends all bytes of the tensor to the stream.</summary>
    public static void CopyTo(Tensor tensor, Stream stream, CancellationToken cancellation = default)
    {
        for (long at = 0; at < tensor.ByteLength; at += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Write(Run(tensor, at));
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
