using System.Buffers.Binary;
using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class ImageDecoderTests
{
    private const string Pictures = "pictures.safetensors";

    public static TheoryData<string> Files => [.. PictureData.Names(Pictures)];

    /// <summary>Pictures that are whole only with their last byte.</summary>
    public static TheoryData<string> Untrimmed =>
        [.. PictureData.Names(Pictures).Where(name => name is not ("trailing-bytes.jpg" or "animated.gif"))];

    [Theory, MemberData(nameof(Files))]
    public void PixelsEqualPillows(string name)
    {
        using RgbImage expected = PictureData.Expected(Pictures, name), actual = ImageDecoder.DecodeFile(PictureData.PathOf(name));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        if (name == "cmyk.jpg")
        {
            // libgd rounds CMYK to RGB down, Pillow to the nearest
            Assert.All(expected.Pixels.ToArray().Zip(actual.Pixels.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
            return;
        }

        Assert.Equal(expected.Pixels, actual.Pixels);
    }

    /// <summary>Benchmarks write their own large JPEG: at the best quality nearly the picture that went in.</summary>
    [Fact]
    public void AWrittenJpegIsReadAgain()
    {
        const int Width = 37, Height = 21;
        byte[] pixels = [.. Enumerable.Range(0, Width * Height * RgbImage.Channels).Select(i => (byte)(i * 255 / (Width * Height * RgbImage.Channels)))];
        using RgbImage read = ImageDecoder.Decode(LibGd.EncodeJpeg(new RgbImage(Width, Height, pixels), 100), "written");
        Assert.Equal((Width, Height), (read.Width, read.Height));
        Assert.All(pixels.Zip(read.Pixels.ToArray()), pair => Assert.InRange(pair.First - pair.Second, -3, 3));
    }

    [Theory, MemberData(nameof(Files))]
    public void TheHeaderTellsTheSize(string name)
    {
        RgbImage expected = PictureData.Expected(Pictures, name);
        Assert.Equal((expected.Width, expected.Height), ImageDecoder.ReadSize(PictureData.Bytes(name), name));
    }

    /// <summary>A beginning of a file is refused, unless no pixel is missing from it.</summary>
    [Theory, MemberData(nameof(Untrimmed))]
    public void TruncatedPicturesAreRefused(string name)
    {
        byte[] data = PictureData.Bytes(name);
        using RgbImage whole = ImageDecoder.Decode(data, name);
        foreach (int length in (int[])[.. Enumerable.Range(0, 40).Select(i => i * data.Length / 40), .. Enumerable.Range(data.Length - 8, 8)])
        {
            try
            {
                using RgbImage part = ImageDecoder.Decode(data.AsSpan(0, length), "row 7");
                Assert.Equal(whole.Pixels, part.Pixels);
                Assert.InRange(length, data.Length - 2, data.Length);
            }
            catch (SmvlException e)
            {
                Assert.StartsWith("row 7: ", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    /// <summary>Damage gives a picture or one line, never a crash.</summary>
    [Theory, MemberData(nameof(Files))]
    public void DamagedPicturesDoNotCrash(string name)
    {
        byte[] data = PictureData.Bytes(name);
        var random = new Random(data.Length);
        for (int round = 0; round < 40; round++)
        {
            byte[] damaged = [.. data];
            for (int i = 0; i < 3; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                ImageDecoder.Decode(damaged, name);
            }
            catch (SmvlException e)
            {
                Assert.StartsWith(name, e.Message, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>libpng would print its doubts about the others on stderr.</summary>
    [Fact]
    public void LibGdSeesOnlyCriticalChunks()
    {
        byte[] data = PictureData.Bytes("doubtful-chunks.png");
        byte[] copy = new byte[data.Length];
        ReadOnlySpan<byte> critical = copy.AsSpan(0, PngChunks.CopyCritical(data, copy, "x"));
        Assert.Equal(data.Length - (12 + 1) - (12 + 32), critical.Length);
        Assert.Equal(-1, critical.IndexOf("cHRM"u8));
        Assert.True(critical.EndsWith(data.AsSpan(data.Length - 12)));
    }

    [Fact]
    public void AWrongChecksumIsRefused()
    {
        byte[] data = PictureData.Bytes("rgba.png");
        data[60] ^= 1;
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(data, "x.png"));
        Assert.Contains("a wrong checksum at byte 33", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CorruptEntropyCodedDataIsRefused()
    {
        byte[] data = PictureData.Bytes("baseline-422.jpg");
        int scan = data.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] gutted = [.. data[..(scan + 16)], 0xFF, 0xD9];
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(gutted, "cat.jpg"));
        Assert.StartsWith("cat.jpg: the picture is damaged", e.Message, StringComparison.Ordinal);
        Assert.Contains("premature end of data segment", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("baseline-422.jpg")]
    [InlineData("rgba.png")]
    [InlineData("lossless-alpha.webp")]
    [InlineData("palette.gif")]
    [InlineData("24bit.bmp")]
    public void OversizedPicturesAreRefusedByTheirHeader(string name)
    {
        byte[] data = PictureData.Bytes(name);
        switch (Path.GetExtension(name))
        {
            case ".jpg":
                int frame = data.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
                data.AsSpan(frame + 5, 4).Fill(0x7F);
                break;
            case ".png":
                BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(16), 10_001);
                BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(20), 10_000);
                break;
            case ".webp":
                int size = data.AsSpan().IndexOf("VP8L"u8) + 9;
                data.AsSpan(size, 4).Fill(0xFF);
                break;
            case ".gif":
                data.AsSpan(6, 4).Fill(0x7F);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(18), 10_001);
                BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(22), -10_000);
                break;
        }

        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(data, "huge"));
        Assert.StartsWith("huge: the picture is too large (expected at most 100 megapixels, actual ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AGifFrameBeyondItsScreenIsRefused()
    {
        byte[] data = PictureData.Bytes("palette.gif");
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(6), 10);
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(data, "odd.gif"));
        Assert.StartsWith("odd.gif: the picture is damaged", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no bytes at all")]
    [InlineData("II*\0........", "TIFF")]
    [InlineData("\0\0\0\u0020ftypavif....", "AVIF or HEIC")]
    [InlineData("<svg xmlns=", "bytes 3C737667")]
    public void OtherFormatsAreNamed(string content, string actual)
    {
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(content), "x.jpg"));
        Assert.StartsWith("x.jpg: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("JPEG, PNG, WebP, GIF or BMP", e.Message, StringComparison.Ordinal);
        Assert.Contains(actual, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SixteenBitGreyIsRefused()
    {
        byte[] data = PictureData.Bytes("rgb-16bit.png");
        data[25] = 0;
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(data, "depth.png"));
        Assert.Contains("16-bit grey", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SixteenBitBmpIsRefused()
    {
        byte[] data = PictureData.Bytes("24bit.bmp");
        data[28] = 16;
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(data, "old.bmp"));
        Assert.Contains("16-bit BMP", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnimatedWebPIsRefused()
    {
        byte[] data = PictureData.Bytes("lossless-alpha.webp");
        byte[] animated = [.. data[..12], .. "VP8X"u8, 10, 0, 0, 0, 0x02, 0, 0, 0, 18, 0, 0, 12, 0, 0, .. data[12..]];
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.Decode(animated, "dance.webp"));
        Assert.Contains("animated WebP", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        SmvlException e = Assert.Throws<SmvlException>(() => ImageDecoder.DecodeFile("no-such.jpg"));
        Assert.StartsWith("no-such.jpg: ", e.Message, StringComparison.Ordinal);
    }
}
