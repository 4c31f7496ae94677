using System.Diagnostics;
using System.IO.Compression;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Decompresses a page's body, which must hold exactly the bytes its header announces. Memory grows with what really comes out,
/// so that a header that lies about its size allocates little. What is returned never aliases the body.
/// </summary>
internal static class PageCodec
{
    /// <summary>First guess of the growth of gzip and zstd; most pages need no second.</summary>
    private const int UsualRatio = 16;

    /// <summary>Refuses what no page could be read of: done on opening, so that it is never mistaken for bad rows.</summary>
    /// <exception cref="InvalidDataException">an unsupported codec</exception>
    /// <exception cref="SmvlException">libzstd is needed and not installed</exception>
    public static void CheckSupported(Codec codec)
    {
        if (codec is not (Codec.Uncompressed or Codec.Snappy or Codec.Gzip or Codec.Zstd))
        {
            throw new InvalidDataException(
                $"codec {codec} is not supported (supported: uncompressed, snappy, gzip, zstd): write the file with one of these");
        }

        if (codec == Codec.Zstd)
        {
            Zstd.CheckInstalled();
        }
    }

    /// <param name="codec">the column chunk's codec, one that <see cref="CheckSupported"/> let pass</param>
    /// <param name="body">the compressed bytes</param>
    /// <param name="size">how many bytes they hold</param>
    /// <param name="prefix">how many of these are wanted at least; the rest may be missing from what is returned</param>
    /// <exception cref="InvalidDataException">damaged data, or another size than announced</exception>
    public static byte[] Decompress(Codec codec, ArraySegment<byte> body, int size, int prefix = int.MaxValue)
    {
        if (size == 0)
        {
            return [];
        }

        int wanted = Math.Min(size, prefix);
        switch (codec)
        {
            case Codec.Uncompressed:
                return body.Count == size
                    ? body.AsSpan(0, wanted).ToArray()
                    : throw new InvalidDataException($"uncompressed page holds {body.Count} bytes, its header says {size}");
            case Codec.Snappy:
                if (size > (long)body.Count * Snappy.MaxRatio)
                {
                    throw new InvalidDataException($"page of {body.Count} bytes cannot hold the {size} its header says");
                }

                byte[] plain = GC.AllocateUninitializedArray<byte>(wanted);
                Snappy.Decompress(body, size, plain);
                return plain;
            case Codec.Gzip:
                return Gunzip(body, size, wanted);
            default:
                Debug.Assert(codec == Codec.Zstd);
                return Unzstd(body, size); // its simple interface knows no prefix
        }
    }

    private static byte[] Gunzip(ArraySegment<byte> body, int size, int wanted)
    {
        using var stream = new GZipStream(new MemoryStream(body.Array!, body.Offset, body.Count, writable: false), CompressionMode.Decompress);
        byte[] target = GC.AllocateUninitializedArray<byte>(FirstGuess(body.Count, wanted));
        for (int filled = 0; ;)
        {
            int read = stream.Read(target.AsSpan(filled));
            filled += read;
            if (filled == wanted)
            {
                return wanted < size || stream.ReadByte() < 0
                    ? target
                    : throw new InvalidDataException($"gzip data goes on behind the {size} bytes its header says");
            }

            if (read == 0)
            {
                throw new InvalidDataException($"gzip data ends after {filled} of {size} bytes");
            }

            if (filled == target.Length)
            {
                Array.Resize(ref target, (int)Math.Min(wanted, 4L * filled));
            }
        }
    }

    private static byte[] Unzstd(ReadOnlySpan<byte> body, int size)
    {
        for (int guess = FirstGuess(body.Length, size); ; guess = (int)Math.Min(size, 16L * guess))
        {
            byte[] target = GC.AllocateUninitializedArray<byte>(guess);
            int written = Zstd.Decompress(body, target);
            if (written == size)
            {
                return target;
            }

            if (written >= 0 || guess == size)
            {
                throw new InvalidDataException($"zstd data holds {(written < 0 ? "more" : written)} bytes, its header says {size}");
            }
        }
    }

    private static int FirstGuess(int compressed, int size) => (int)Math.Min(size, 65_536 + (long)UsualRatio * compressed);
}
