using System.Buffers.Binary;
using Smvl.Formats;

namespace Smvl.Images;

/// <summary>The chunks of a PNG that matter here. Source: PNG, third edition, 5.3 (layout), 5.4 (names), 11.3.3.1 (eXIf).</summary>
internal static class PngChunks
{
    private const int SignatureBytes = 8;

    /// <summary>Length, name and checksum.</summary>
    private const int FrameBytes = 12;

    /// <summary>EXIF's, from the eXIf chunk, which may come behind the pixels.</summary>
    public static int Orientation(ReadOnlySpan<byte> data)
    {
        int orientation = ExifOrientation.Upright;
        for (int at = SignatureBytes; ChunkBytes(data, at) is int bytes and > 0; at += bytes)
        {
            if (Name(data, at).SequenceEqual("eXIf"u8))
            {
                orientation = ExifOrientation.Read(data.Slice(at + 8, bytes - FrameBytes));
            }
        }

        return orientation;
    }

    /// <summary>
    /// Copies the picture without its ancillary chunks and what follows its end. None of them changes a channel (transparency is dropped,
    /// gamma and profiles are not applied), and libgd lets libpng print its doubts about them on stderr; for the same reason the
    /// checksums of the others are tried here.
    /// </summary>
    /// <param name="data">the whole file</param>
    /// <param name="critical">as long as <paramref name="data"/></param>
    /// <param name="source">what errors call the picture</param>
    /// <returns>bytes of <paramref name="critical"/> that were written</returns>
    /// <exception cref="SmvlException">truncated, or a checksum is wrong</exception>
    public static int CopyCritical(ReadOnlySpan<byte> data, Span<byte> critical, string source)
    {
        data[..SignatureBytes].CopyTo(critical);
        int from = SignatureBytes, to = SignatureBytes;
        while (ChunkBytes(data, from) is int bytes and > 0)
        {
            ReadOnlySpan<byte> name = Name(data, from);
            bool isCritical = (name[0] & 0x20) == 0;
            if (isCritical)
            {
                ReadOnlySpan<byte> chunk = data.Slice(from, bytes);
                if (Crc32.Compute(chunk[4..^4]) != BinaryPrimitives.ReadUInt32BigEndian(chunk[^4..]))
                {
                    throw new SmvlException(
                        "the picture is damaged", source, "a whole PNG file", $"a wrong checksum at byte {from}",
                        "fetch the file again or leave it out");
                }

                chunk.CopyTo(critical[to..]);
                to += bytes;
                if (name.SequenceEqual("IEND"u8))
                {
                    return to;
                }
            }

            from += bytes;
        }

        throw ImageHeader.Truncated(ImageFormat.Png, source, $"{data.Length} bytes without an IEND chunk");
    }

    private static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> data, int at) => data.Slice(at + 4, 4);

    /// <summary>The size of the whole chunk at a position, or 0 where no whole chunk is left.</summary>
    private static int ChunkBytes(ReadOnlySpan<byte> data, int at) =>
        data.Length - at >= FrameBytes && BinaryPrimitives.ReadUInt32BigEndian(data[at..]) is uint length && length <= data.Length - at - FrameBytes
            ? (int)length + FrameBytes
            : 0;
}
