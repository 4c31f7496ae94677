using System.Buffers.Binary;

namespace Smvl.Images;

/// <summary>
/// What the markers of a JPEG say: the frame's size, its colour components, the EXIF orientation, and whether the stream reaches its
/// end marker. Source: ITU-T T.81, annex B; Exif 2.32, 4.7.2.
/// </summary>
internal readonly record struct JpegStructure(int Width, int Height, int Components, int Orientation, bool ReachesEnd)
{
    /// <summary>Walks the markers. Width and height stay 0 when no frame header is found.</summary>
    public static JpegStructure Read(ReadOnlySpan<byte> data)
    {
        var structure = new JpegStructure(0, 0, 0, ExifOrientation.Upright, false);
        bool exifSeen = false;
        int at = 2; // behind the start marker
        while (NextMarker(data, at) is int found and >= 0)
        {
            byte marker = data[found];
            at = found + 1;
            if (marker == 0xD9)
            {
                return structure with { ReachesEnd = true };
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                continue; // stands alone
            }

            if (data.Length - at < 2)
            {
                break;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(data[at..]);
            if (length < 2 || length > data.Length - at)
            {
                break;
            }

            ReadOnlySpan<byte> payload = data.Slice(at + 2, length - 2);
            // SOF0 to SOF15 without DHT, JPG and DAC, which share their range
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC) && payload.Length >= 6 && structure.Width == 0)
            {
                structure = structure with
                {
                    Height = BinaryPrimitives.ReadUInt16BigEndian(payload[1..]),
                    Width = BinaryPrimitives.ReadUInt16BigEndian(payload[3..]),
                    Components = payload[5],
                };
            }
            else if (marker == 0xE1 && !exifSeen && payload.StartsWith("Exif\0\0"u8))
            {
                exifSeen = true;
                structure = structure with { Orientation = ExifOrientation.Read(payload[6..]) };
            }

            at += length;
        }

        return structure;
    }

    /// <summary>
    /// The position of the next marker's code byte, or −1. Entropy-coded data and bytes that belong to nothing are stepped over:
    /// inside them an FF is followed by 00 (stuffing), and the restart markers are left to the caller, for whom they stand alone.
    /// </summary>
    private static int NextMarker(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length)
        {
            int skip = data[at..].IndexOf((byte)0xFF);
            if (skip < 0)
            {
                return -1;
            }

            at += skip + 1;
            if (at < data.Length && data[at] is not (0x00 or 0xFF))
            {
                return at;
            }
        }

        return -1;
    }
}
