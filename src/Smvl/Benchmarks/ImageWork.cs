using Smvl.Images;

namespace Smvl.Benchmarks;

/// <summary>
/// <c>image</c>: decode a JPEG of 12 megapixels, resize it, cut it into tiles, on one thread. The picture is the sample photograph
/// and its mirror images side by side, so that every pixel has a photograph's detail.
/// </summary>
internal static class ImageWork
{
    private const int Quality = 85;

    private static readonly Runs Often = new(WarmUps: 1, AtLeast: 5, AtMost: 5);

    public static BenchmarkRow DecodeAndTile(string name, WorkBench bench)
    {
        byte[] jpeg = Jpeg(bench.Extents.PictureWidth, bench.Extents.PictureHeight);
        ImageProcessor processor = new(bench.Extents.Images);
        Measurement best = bench.Meter.Best(MachineLimit.None, Often, () => Tiles(processor, jpeg, name));
        return new BenchmarkRow(name, 1000 * best.Seconds, "ms");
    }

    /// <summary>The whole file.</summary>
    public static byte[] Jpeg(int width, int height)
    {
        using RgbImage photograph = SamplePicture.Load();
        return LibGd.EncodeJpeg(Mosaic(photograph, width, height), Quality);
    }

    /// <summary>As a training sample's are made.</summary>
    private static void Tiles(ImageProcessor processor, byte[] jpeg, string name)
    {
        using RgbImage picture = ImageDecoder.Decode(jpeg, name);
        TilePlan plan = processor.Plan(picture.Width, picture.Height);
        using NativeBytes tiles = new(processor.TileBytes(plan));
        processor.Process(picture, plan, tiles.Span);
    }

    private static RgbImage Mosaic(RgbImage tile, int width, int height)
    {
        byte[] pixels = new byte[width * height * RgbImage.Channels];
        for (int y = 0, at = 0; y < height; y++)
        {
            int row = Mirrored(y, tile.Height) * tile.Width;
            for (int x = 0; x < width; x++, at += RgbImage.Channels)
            {
                tile.Pixels.Slice((row + Mirrored(x, tile.Width)) * RgbImage.Channels, RgbImage.Channels).CopyTo(pixels.AsSpan(at));
            }
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>0 1 2 2 1 0 0 1 2 ... for a length of 3.</summary>
    private static int Mirrored(int position, int length)
    {
        int inPair = position % (2 * length);
        return inPair < length ? inPair : (2 * length) - 1 - inPair;
    }
}
