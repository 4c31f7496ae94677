using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class ResamplerTests
{
    private const string Vectors = "resample.safetensors";

    public static TheoryData<string> PillowCases =>
        [.. PictureData.Names(Vectors).Where(n => n.EndsWith(".source", StringComparison.Ordinal)).Select(n => n[..^".source".Length])];

    public static TheoryData<ResampleFilter> Filters => [.. Enum.GetValues<ResampleFilter>()];

    [Theory, MemberData(nameof(PillowCases))]
    public void PixelsEqualPillows(string name)
    {
        RgbImage source = PictureData.Expected(Vectors, name + ".source"), target = PictureData.Expected(Vectors, name + ".target");
        ResampleFilter filter = Enum.Parse<ResampleFilter>(name[..name.IndexOf('-')]);
        using RgbImage resized = Resampler.Resize(source, target.Width, target.Height, filter);
        Assert.Equal(target.Pixels, resized.Pixels);
    }

    [Theory, MemberData(nameof(Filters))]
    public void EqualsTheNaiveReference(ResampleFilter filter)
    {
        var random = new Random(5);
        int[] awkward = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 65];
        foreach (int width in awkward)
        {
            foreach (int target in awkward)
            {
                int height = awkward[random.Next(awkward.Length)], targetHeight = awkward[random.Next(awkward.Length)];
                byte[] pixels = new byte[width * height * RgbImage.Channels];
                random.NextBytes(pixels);
                var image = new RgbImage(width, height, pixels);
                using RgbImage resized = Resampler.Resize(image, target, targetHeight, filter);
                Assert.Equal(NaiveResampler.Resize(image, target, targetHeight, filter).Pixels, resized.Pixels);
            }
        }
    }

    [Fact]
    public unsafe void VectorsEqualTheScalarReference()
    {
        const int rows = 9, stride = 103;
        var random = new Random(6);
        byte[] source = new byte[rows * stride];
        random.NextBytes(source);
        int[] weights = [.. Enumerable.Range(0, rows).Select(_ => random.Next(-1 << 21, 1 << 22))];
        byte[] fast = new byte[stride], slow = new byte[stride];
        fixed (byte* from = source, fastTo = fast, slowTo = slow)
        {
            for (int width = 0; width <= stride; width++)
            {
                WeightedRows.Sum(from, stride, weights, fastTo, width);
                WeightedRows.SumScalar(from, stride, weights, slowTo, width);
                Assert.Equal(slow, fast);
            }
        }
    }

    [Fact]
    public void ASizeItHasIsLeftAlone()
    {
        var image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]);
        using RgbImage same = Resampler.Resize(image, 2, 1, ResampleFilter.Lanczos);
        Assert.True(same.Pixels == image.Pixels, "the same memory");
    }

    [Theory, MemberData(nameof(Filters))]
    public void AConstantStaysConstant(ResampleFilter filter)
    {
        byte[] pixels = new byte[31 * 17 * RgbImage.Channels];
        Array.Fill(pixels, (byte)201);
        using RgbImage resized = Resampler.Resize(new RgbImage(31, 17, pixels), 12, 40, filter);
        Assert.All(resized.Pixels.ToArray(), value => Assert.Equal(201, value));
    }
}
