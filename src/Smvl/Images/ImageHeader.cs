using System.Buffers.Binary;

namespace Smvl.Images;

internal enum ImageFormat
{
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
}

/// <summary>What can be told of a picture without decoding it.</summary>
/// <param name="Format">by its first bytes, never by its name</param>
/// <param name="StoredWidth">pixels, before <paramref name="Orientation"/></param>
/// <param name="StoredHeight">pixels, before <paramref name="Orientation"/></param>
/// <param name="Orientation">EXIF's, 1 to 8</param>
internal readonly record struct ImageHeader(ImageFormat Format, int StoredWidth, int StoredHeight, int Orientation)
{
    /// <summary>Pictures of more pixels are refused before any memory is taken for them.</summary>
    public const long MaxPixels = 100_000_000;

    /// <summary>Pixels, upright.</summary>
    public int Width => ExifOrientation.SwapsAxes(Orientation) ? StoredHeight : StoredWidth;

    /// <summary>Pixels, upright.</summary>
    public int Height => ExifOrientation.SwapsAxes(Orientation) ? StoredWidth : StoredHeight;

    /// <param name="data">the whole file: EXIF may come behind the pixels</param>
    /// <param name="source">what errors call the picture: its file, or its row in a data set</param>
    /// <exception cref="SmvlException">unknown format, no readable header, or too many pixels</exception>
    public static ImageHeader Read(ReadOnlySpan<byte> data, string source)
    {
        ImageHeader header = Sniff(data, source) switch
        {
            ImageFormat.Jpeg => ReadJpeg(data, source),
            ImageFormat.Png => ReadPng(data, source),
            ImageFormat.WebP => ReadWebP(data, source),
            ImageFormat.Gif => ReadGif(data, source),
            _ => ReadBmp(data, source),
        };
        if (header.StoredWidth < 1 || header.StoredHeight < 1)
        {
            throw Damaged(header.Format, source, $"a size of {header.StoredWidth}x{header.StoredHeight}");
        }

        if ((long)header.StoredWidth * header.StoredHeight > MaxPixels)
        {
            throw new SmvlException(
                "the picture is too large", source, $"at most {MaxPixels / 1_000_000} megapixels",
                $"{header.StoredWidth}x{header.StoredHeight}", "scale it down first");
        }

        return header;
    }

    private static ImageFormat Sniff(ReadOnlySpan<byte> data, string source)
    {
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return ImageFormat.Jpeg;
        }

        if (data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]))
        {
            return ImageFormat.Png;
        }

        if (data.Length >= 12 && data.StartsWith("RIFF"u8) && data[8..12].SequenceEqual("WEBP"u8))
        {
            return ImageFormat.WebP;
        }

        if (data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8))
        {
            return ImageFormat.Gif;
        }

        if (data.StartsWith("BM"u8))
        {
            return ImageFormat.Bmp;
        }

        string actual = data.Length == 0 ? "no bytes at all"
            : data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8) ? "TIFF"
            : data.Length >= 12 && data[4..8].SequenceEqual("ftyp"u8) ? "AVIF or HEIC"
            : $"bytes {Convert.ToHexString(data[..Math.Min(8, data.Length)])} at the start";
        throw new SmvlException(
            "not a picture in a format that is read", source, "JPEG, PNG, WebP, GIF or BMP", actual, "convert it to one of these");
    }

    private static ImageHeader ReadJpeg(ReadOnlySpan<byte> data, string source)
    {
        JpegStructure jpeg = JpegStructure.Read(data);
        if (!jpeg.ReachesEnd)
        {
            throw Truncated(ImageFormat.Jpeg, source, $"{data.Length} bytes without an end marker");
        }

        return new ImageHeader(ImageFormat.Jpeg, jpeg.Width, jpeg.Height, jpeg.Orientation);
    }

    /// <summary>Source: PNG, third edition, 11.2.1 (IHDR).</summary>
    private static ImageHeader ReadPng(ReadOnlySpan<byte> data, string source)
    {
        if (data.Length < 33 || !data[12..16].SequenceEqual("IHDR"u8))
        {
            throw Damaged(ImageFormat.Png, source, "no IHDR chunk");
        }

        // Pillow clips it at 255, which leaves a depth map nearly all white: nobody means that
        if (data[24] == 16 && data[25] == 0)
        {
            throw new SmvlException(
                "a 16-bit grey PNG has no agreed 8-bit meaning", source, "8 bits per channel", "16", "convert it to 8 bits first");
        }

        return new ImageHeader(ImageFormat.Png, BigEndianSize(data[16..]), BigEndianSize(data[20..]), PngChunks.Orientation(data));
    }

    /// <summary>Source: RFC 9649, section 2 (container), 2.7.1.1 (EXIF); RFC 6386, 9.1 (lossy header).</summary>
    private static ImageHeader ReadWebP(ReadOnlySpan<byte> data, string source)
    {
        int width = 0, height = 0, orientation = ExifOrientation.Upright;
        ReadOnlySpan<byte> rest = data[12..];
        while (rest.Length >= 8)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - 8)
            {
                throw Truncated(ImageFormat.WebP, source, $"a chunk of {length} bytes with {rest.Length - 8} left");
            }

            ReadOnlySpan<byte> chunk = rest.Slice(8, (int)length);
            if (rest.StartsWith("VP8X"u8) && length >= 10)
            {
                if ((chunk[0] & 0x02) != 0)
                {
                    throw new SmvlException("an animated WebP is not read", source, "a still picture", hint: "save one frame of it");
                }

                width = 1 + (BinaryPrimitives.ReadInt32LittleEndian(chunk[4..]) & 0xFFFFFF);
                height = 1 + (BinaryPrimitives.ReadInt32LittleEndian(chunk[6..]) >> 8 & 0xFFFFFF);
            }
            else if (rest.StartsWith("VP8 "u8) && length >= 10 && width == 0)
            {
                width = BinaryPrimitives.ReadUInt16LittleEndian(chunk[6..]) & 0x3FFF;
                height = BinaryPrimitives.ReadUInt16LittleEndian(chunk[8..]) & 0x3FFF;
            }
            else if (rest.StartsWith("VP8L"u8) && length >= 5 && width == 0)
            {
                uint bits = BinaryPrimitives.ReadUInt32LittleEndian(chunk[1..]);
                width = 1 + (int)(bits & 0x3FFF);
                height = 1 + (int)(bits >> 14 & 0x3FFF);
            }
            else if (rest.StartsWith("EXIF"u8))
            {
                orientation = ExifOrientation.Read(chunk);
            }

            rest = rest[(8 + (int)Math.Min(length + (length & 1), (uint)rest.Length - 8))..];
        }

        return new ImageHeader(ImageFormat.WebP, width, height, orientation);
    }

    private static ImageHeader ReadGif(ReadOnlySpan<byte> data, string source)
    {
        GifStructure gif = GifStructure.Read(data);
        if (!gif.IsComplete)
        {
            throw Truncated(ImageFormat.Gif, source, $"{data.Length} bytes that end before the first frame does");
        }

        return new ImageHeader(ImageFormat.Gif, gif.Width, gif.Height, ExifOrientation.Upright);
    }

    /// <summary>Source: BITMAPCOREHEADER and BITMAPINFOHEADER of the Windows API; a negative height stores the rows from the top.</summary>
    private static ImageHeader ReadBmp(ReadOnlySpan<byte> data, string source)
    {
        if (data.Length < 30)
        {
            throw Truncated(ImageFormat.Bmp, source, $"{data.Length} bytes");
        }

        bool core = BinaryPrimitives.ReadInt32LittleEndian(data[14..]) == 12;
        if (BinaryPrimitives.ReadUInt16LittleEndian(data[(core ? 24 : 28)..]) == 16)
        {
            throw new SmvlException("a 16-bit BMP is not read", source, "1, 4, 8, 24 or 32 bits per pixel", "16", "convert it to PNG");
        }

        int width = core ? BinaryPrimitives.ReadUInt16LittleEndian(data[18..]) : BinaryPrimitives.ReadInt32LittleEndian(data[18..]);
        int height = core ? BinaryPrimitives.ReadUInt16LittleEndian(data[20..]) : BinaryPrimitives.ReadInt32LittleEndian(data[22..]);
        return new ImageHeader(ImageFormat.Bmp, width, height == int.MinValue ? 0 : Math.Abs(height), ExifOrientation.Upright);
    }

    /// <summary>PNG's sizes have 31 bits; more is as damaged as none.</summary>
    private static int BigEndianSize(ReadOnlySpan<byte> bytes) => Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(bytes));

    /// <summary>The error for data that ends too early.</summary>
    public static SmvlException Truncated(ImageFormat format, string source, string actual) =>
        new("the picture is truncated", source, $"a whole {format} file", actual, "fetch the file again");

    private static SmvlException Damaged(ImageFormat format, string source, string actual) =>
        new($"damaged {format} header", source, "a width and a height", actual, "fetch the file again");
}
