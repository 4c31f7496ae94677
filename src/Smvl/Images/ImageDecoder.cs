namespace Smvl.Images;

/// <summary>
/// Decodes JPEG, PNG, WebP, the first frame of GIF, and BMP with the system's libgd. EXIF orientation is applied, alpha dropped (not
/// blended), grey and palettes are expanded, 16-bit color keeps its high bytes: the pixels of Pillow's
/// <c>ImageOps.exif_transpose(Image.open(file)).convert("RGB")</c>, except that CMYK pictures may differ by 1 of 255, and that
/// 16-bit grey, which Pillow clips at 255, is refused.
/// </summary>
public static class ImageDecoder
{
    /// <exception cref="SmvlException">as <see cref="Decode(ReadOnlySpan{byte}, string)"/>, or the file cannot be read</exception>
    public static RgbImage DecodeFile(string path) => Decode(ReadFile(path), path);

    /// <summary>A picture's file as it is.</summary>
    internal static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException("the picture cannot be read", path, actual: e.Message, inner: e);
        }
    }

    /// <param name="data">the whole file</param>
    /// <param name="source">what errors call the picture: its file, or its row in a data set</param>
    /// <exception cref="SmvlException">unknown format, more than 100 megapixels, truncated, corrupt, or no libgd on this machine</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> data, string source) => Decode(data, ImageHeader.Read(data, source), source);

    /// <summary>Width and height in pixels as <see cref="Decode(ReadOnlySpan{byte}, string)"/> would give them, from the header.</summary>
    /// <exception cref="SmvlException">unknown format, more than 100 megapixels, or no readable header</exception>
    public static (int Width, int Height) ReadSize(ReadOnlySpan<byte> data, string source)
    {
        ImageHeader header = ImageHeader.Read(data, source);
        return (header.Width, header.Height);
    }

    /// <summary>The same of a file.</summary>
    public static (int Width, int Height) ReadSize(string path) => ReadSize(ReadFile(path), path);

    private static unsafe RgbImage Decode(ReadOnlySpan<byte> data, ImageHeader header, string source)
    {
        GdImage* image = DecodeWithGd(data, header.Format, source, out string? message);
        if (image == null)
        {
            throw new SmvlException(
                "the picture is damaged, or of a rare kind that libgd does not read", source, $"a readable {header.Format} file",
                message ?? "no reason given", "fetch the file again, or convert it to PNG");
        }

        try
        {
            if (header.Format == ImageFormat.Jpeg && message is not null && !IsHarmless(message))
            {
                throw new SmvlException(
                    "the picture is damaged", source, "a whole JPEG file", message, "fetch the file again or leave it out");
            }

            // all formats but GIF: the frame is the picture
            GifStructure gif = header.Format == ImageFormat.Gif
                ? GifStructure.Read(data)
                : default(GifStructure) with { FrameWidth = header.StoredWidth, FrameHeight = header.StoredHeight };
            if (image->Width != gif.FrameWidth || image->Height != gif.FrameHeight)
            {
                throw new SmvlException(
                    "the picture's header contradicts its pixels", source, $"{gif.FrameWidth}x{gif.FrameHeight}",
                    $"{image->Width}x{image->Height}", "fetch the file again or leave it out");
            }

            var pixels = new NativeBytes(checked(header.Width * header.Height * RgbImage.Channels));
            if (image->Width == header.StoredWidth && image->Height == header.StoredHeight)
            {
                GdPixels.Copy(image, header.Orientation, pixels.Span);
            }
            else
            {
                GdPixels.CopyFrame(image, gif, pixels.Span);
            }

            return new RgbImage(header.Width, header.Height, pixels);
        }
        finally
        {
            LibGd.Destroy(image);
        }
    }

    private static unsafe GdImage* DecodeWithGd(ReadOnlySpan<byte> data, ImageFormat format, string source, out string? message)
    {
        if (format != ImageFormat.Png)
        {
            return LibGd.Decode(format, data, out message);
        }

        using NativeBytes critical = new(data.Length);
        return LibGd.Decode(format, critical.Span[..PngChunks.CopyCritical(data, critical.Span, source)], out message);
    }

    /// <summary>
    /// Which of libjpeg's warnings leave every pixel in place: stray bytes between segments, and odd but decodable headers. The others
    /// (premature end, bad Huffman codes, lost restart markers) mean missing pixels; Pillow accepts those too.
    /// </summary>
    private static bool IsHarmless(string message) =>
        message.Contains("extraneous bytes before marker", StringComparison.Ordinal)
            || message.Contains("Unknown Adobe color transform", StringComparison.Ordinal)
            || message.Contains("Inconsistent progression sequence", StringComparison.Ordinal)
            || message.Contains("unknown JFIF revision", StringComparison.Ordinal)
            || message.Contains("Invalid SOS parameters", StringComparison.Ordinal);
}
