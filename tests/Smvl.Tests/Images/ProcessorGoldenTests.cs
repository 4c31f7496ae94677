using System.Text.Json;
using Smvl.Images;

namespace Smvl.Tests.Images;

/// <summary>fixtures/processor: decoded pixels and tiles byte for byte, and the plan at the published sizes.</summary>
[Trait("Category", Golden.Category)]
public sealed class ProcessorGoldenTests
{
    public static TheoryData<string> Pictures => [.. ProcessorFixture.Keys(wholeOnly: true)];

    public static TheoryData<string> Cases => [.. ProcessorFixture.Keys(wholeOnly: false)];

    public static TheoryData<int, int, int, int, int> RealSizes
    {
        get
        {
            var sizes = new TheoryData<int, int, int, int, int>();
            foreach (JsonElement plan in Golden.Json("processor", "tiling-512.json").EnumerateArray())
            {
                sizes.Add(Get(plan, "width"), Get(plan, "height"), Get(plan, "rows"), Get(plan, "cols"), Get(plan, "tiles"));
            }

            return sizes;

            static int Get(JsonElement plan, string name) => plan.GetProperty(name).GetInt32();
        }
    }

    [Theory, MemberData(nameof(Pictures))]
    public void DecodedPixelsAreEqual(string key)
    {
        ProcessorFixture golden = ProcessorFixture.Load(key);
        using RgbImage image = ImageDecoder.DecodeFile(golden.ImagePath);
        Assert.Equal((golden.Width, golden.Height), (image.Width, image.Height));
        Assert.Equal((golden.Width, golden.Height), ImageDecoder.ReadSize(File.ReadAllBytes(golden.ImagePath), key));
        Assert.Equal(golden.Bytes("decoded_u8"), Planar(image));
    }

    [Theory, MemberData(nameof(Cases))]
    public void TilesAreEqual(string key)
    {
        ProcessorFixture golden = ProcessorFixture.Load(key);
        var processor = new ImageProcessor(golden.Config);
        using RgbImage image = ImageDecoder.DecodeFile(golden.ImagePath);
        ProcessedImage processed = processor.Process(image);
        Assert.Equal((golden.Rows, golden.Cols, golden.TileCount), (processed.Rows, processed.Cols, processed.TileCount));
        Assert.Equal(golden.Bytes("tiles_u8"), processed.Tiles);
    }

    [Theory, MemberData(nameof(RealSizes))]
    public void PlanIsEqual(int width, int height, int rows, int cols, int tiles)
    {
        var processor = new ImageProcessor(new ImageProcessorConfig { LongestEdge = 2048, TileSize = 512 });
        TilePlan plan = processor.Plan(width, height);
        Assert.Equal((rows, cols, tiles), (plan.Rows, plan.Cols, plan.TileCount));
    }

    /// <summary>(height, width, 3) to (3, height, width)</summary>
    private static byte[] Planar(RgbImage image)
    {
        int plane = image.Width * image.Height;
        return [.. Enumerable.Range(0, image.Pixels.Length).Select(i => image.Pixels[(i % plane * RgbImage.Channels) + (i / plane)])];
    }
}
