using BenchmarkDotNet.Attributes;
using Smvl.Benchmarks;
using Smvl.Images;

namespace Smvl.Bench;

/// <summary>A JPEG; the amount is its decoded bytes.</summary>
public sealed record PictureCase(int Width, int Height) : ICase
{
    public double Amount => (double)Width * Height * RgbImage.Channels;

    public override string ToString() => $"{Width} x {Height}";
}

/// <summary>A photograph of 12 megapixels on one thread, step by step.</summary>
public class ImageBenchmarks : OperationBenchmarks<PictureCase>
{
    private const int LongestEdge = 2048, TileSize = 512;

    private readonly ImageProcessor processor = new(new ImageProcessorConfig { LongestEdge = LongestEdge, TileSize = TileSize });
    private byte[] jpeg = [];
    private RgbImage picture = null!;

    public static IEnumerable<PictureCase> Cases => [new(4000, 3000)];

    [Benchmark, Work(WorkKind.Input)]
    public void Decode() => Decoded().Dispose();

    [Benchmark, Work(WorkKind.Input)]
    public void Resize() => Resampler.Resize(picture, LongestEdge, LongestEdge * Case.Height / Case.Width, ResampleFilter.Lanczos).Dispose();

    [Benchmark, Work(WorkKind.Input)]
    public ProcessedImage ResizeAndCut() => processor.Process(picture);

    protected override void Allocate()
    {
        jpeg = ImageWork.Jpeg(Case.Width, Case.Height);
        picture = Decoded();
    }

    private RgbImage Decoded() => ImageDecoder.Decode(jpeg, "benchmark");
}
