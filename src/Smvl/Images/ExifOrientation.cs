using System.Buffers.Binary;

namespace Smvl.Images;

/// <summary>
/// EXIF tag 0x0112: how the stored pixels lie. Values 1 to 8; what a damaged EXIF block says is 1, as in Pillow's
/// <c>ImageOps.exif_transpose</c>. Source: Exif 2.32, 4.6.4; TIFF 6.0, section 2.
/// </summary>
internal static class ExifOrientation
{
    public const int Upright = 1;

    private const int Tag = 0x0112;

    /// <summary>True where width and height change places.</summary>
    public static bool SwapsAxes(int orientation) => orientation >= 5;

    /// <summary>Reads the orientation of a TIFF structure: what follows "Exif\0\0" in a JPEG, the chunk's data in PNG and WebP.</summary>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        // WebP writers differ: some leave JPEG's prefix in the chunk
        if (tiff.StartsWith("Exif\0\0"u8))
        {
            tiff = tiff[6..];
        }

        bool little = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || (!little && !tiff.StartsWith("MM\0*"u8)))
        {
            return Upright;
        }

        uint directory = UInt32(tiff[4..], little);
        if (directory > tiff.Length - 2)
        {
            return Upright;
        }

        int count = UInt16(tiff[(int)directory..], little);
        ReadOnlySpan<byte> entries = tiff[((int)directory + 2)..];
        for (int i = 0; i < count && entries.Length >= 12; i++, entries = entries[12..])
        {
            if (UInt16(entries, little) == Tag)
            {
                int value = UInt16(entries[2..], little) switch
                {
                    1 => entries[8],
                    3 => UInt16(entries[8..], little),
                    4 => (int)UInt32(entries[8..], little),
                    _ => Upright,
                };
                return value is >= 1 and <= 8 ? value : Upright;
            }
        }

        return Upright;
    }

    /// <summary>
    /// Where stored pixel (x, y) of a (<paramref name="height"/>, <paramref name="width"/>) picture goes in the upright one:
    /// pixel number start + x·stepX + y·stepY.
    /// </summary>
    public static (long Start, long StepX, long StepY) Layout(int orientation, int width, int height)
    {
        long w = width, h = height;
        return orientation switch
        {
            1 => (0, 1, w),
            2 => (w - 1, -1, w), // mirrored left to right
            3 => ((w * h) - 1, -1, -w), // turned by 180°
            4 => ((h - 1) * w, 1, -w), // mirrored top to bottom
            5 => (0, h, 1), // transposed
            6 => (h - 1, h, -1), // to be turned clockwise
            7 => ((w * h) - 1, -h, -1), // transposed along the other diagonal
            8 => ((w - 1) * h, -h, 1), // to be turned counter-clockwise
            _ => throw new ArgumentOutOfRangeException(nameof(orientation)),
        };
    }

    private static int UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
