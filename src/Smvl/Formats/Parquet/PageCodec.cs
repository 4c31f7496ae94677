using System.IO.Compression;

namespace Smvl.Formats.Parquet;

/// <summary>
/// Decompresses a page's body to exactly the size its header announces. Memory grows with what really comes out, so that a
/// header that lies about its size allocates little.
/// </summary>
internal static class PageCodec
{
    /// <summary>First guess of the growth of gzip and zstd; most pages need no second.</summary>
    private const int UsualRatio = 16;

    /// <exception cref="InvalidDataException">damaged data, another size than announced, or an unsupported codec</exception>
    public static ReadOnlyMemory<byte> Decompress(Codec codec, ReadOnlyMemory<byte> body, int size)
    {
        if (size == 0)
        {
            return default;
        }

        switch (codec)
        {
            case Codec.Uncompressed:
                return body.Length == size ? body : throw new InvalidDataException($"uncompressed page holds {body.Length} bytes, its header says {size}");
            case Codec.Snappy:
                if (size > (long)body.Length * Snappy.MaxRatio)
                {
                    throw new InvalidDataException($"page of {body.Length} bytes cannot hold the {size} its header says");
                }

                byte[] plain = GC.AllocateUninitializedArray<byte>(size);
                Snappy.Decompress(body.Span, plain);
                return plain;
            case Codec.Gzip:
                return Gunzip(body, size);
            case Codec.Zstd:
                return Unzstd(body.Span, size);
            default:
                throw new InvalidDataException(
                    $"codec {codec} is not supported (supported: uncompressed, snappy, gzip, zstd): write the file with one of these");
        }
    }

    private static byte[] Gunzip(ReadOnlyMemory<byte> body, int size)
    {
        using var stream = new GZipStream(new MemoryStream(body.ToArray(), writable: false), CompressionMode.Decompress);
        byte[] target = GC.AllocateUninitializedArray<byte>(FirstGuess(body.Length, size));
        for (int filled = 0; ;)
        {
            int read = stream.Read(target.AsSpan(filled));
            filled += read;
            if (filled == size)
            {
                return stream.ReadByte() < 0 ? target : throw new InvalidDataException($"gzip data goes on behind the {size} bytes its header says");
            }

            if (read == 0)
            {
                throw new InvalidDataException($"gzip data ends after {filled} of {size} bytes");
            }

            if (filled == target.Length)
            {
                Array.Resize(ref target, (int)Math.Min(size, 4L * filled));
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
