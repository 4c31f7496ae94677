using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class ImageProcessorConfigTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("smvl-config-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ThePublishedFileIsRead()
    {
        Preprocessor("""
            {"do_convert_rgb": true, "do_image_splitting": true, "do_normalize": true, "do_pad": true, "do_rescale": true, "do_resize": true,
             "image_mean": [0.4, 0.5, 0.6], "image_std": [0.1, 0.2, 0.4], "max_image_size": {"longest_edge": 512}, "resample": 3,
             "rescale_factor": 0.5, "size": {"longest_edge": 2048},
             "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 512}}}
            """);
        Processor("""{"image_seq_len": 64, "processor_class": "SmolVLMProcessor"}""");
        ImageProcessorConfig config = ImageProcessorConfig.Read(folder);
        Assert.Equal((2048, 512, 64), (config.LongestEdge, config.TileSize, config.ImageSeqLen));
        Assert.Equal((ResampleFilter.Bicubic, 0.5), (config.Resample, config.RescaleFactor));
        Assert.Equal([0.4, 0.5, 0.6], config.ImageMean);
        Assert.Equal([0.1, 0.2, 0.4], config.ImageStd);
    }

    [Fact]
    public void WhatIsLeftOutHasTransformersDefaults()
    {
        Preprocessor("{}");
        ImageProcessorConfig config = ImageProcessorConfig.Read(folder);
        Assert.Equal((1456, 364, 169), (config.LongestEdge, config.TileSize, config.ImageSeqLen));
        Assert.True(config.DoResize && config.DoImageSplitting && config.DoRescale && config.DoNormalize);
    }

    [Fact]
    public void TheNestedFormOfTransformers5ComesFirst()
    {
        Preprocessor("""{"size": {"longest_edge": 1}}""");
        Processor("""{"image_seq_len": 4, "image_processor": {"size": {"longest_edge": 128}, "max_image_size": {"longest_edge": 64}}}""");
        ImageProcessorConfig config = ImageProcessorConfig.Read(folder);
        Assert.Equal((128, 64, 4), (config.LongestEdge, config.TileSize, config.ImageSeqLen));
    }

    [Fact]
    public void WhatIsWrittenIsRead()
    {
        var config = new ImageProcessorConfig
        {
            DoResize = false,
            LongestEdge = 128,
            DoImageSplitting = false,
            TileSize = 64,
            Resample = ResampleFilter.Bilinear,
            DoRescale = false,
            RescaleFactor = 0.25,
            DoNormalize = false,
            ImageMean = [0.1, 0.2, 0.3],
            ImageStd = [0.4, 0.5, 0.6],
            ImageSeqLen = 16,
        };
        config.Write(folder);
        ImageProcessorConfig read = ImageProcessorConfig.Read(folder);
        Assert.Equal(config.ImageMean, read.ImageMean);
        Assert.Equal(config.ImageStd, read.ImageStd);
        Assert.Equal(config, read with { ImageMean = config.ImageMean, ImageStd = config.ImageStd });
    }

    [Theory]
    [InlineData("""{"do_convert_rgb": false}""", "do_convert_rgb")]
    [InlineData("""{"resample": 0}""", "resample")]
    [InlineData("""{"size": {"height": 3, "width": 4}}""", "size.longest_edge")]
    [InlineData("""{"size": {"longest_edge": 0}}""", "size.longest_edge")]
    [InlineData("""{"max_image_size": {"longest_edge": -5}}""", "max_image_size.longest_edge")]
    [InlineData("""{"max_image_size": 512}""", "max_image_size")]
    [InlineData("""{"image_mean": [0.5, 0.5]}""", "image_mean")]
    [InlineData("""{"image_std": [0.5, 0, 0.5]}""", "image_std")]
    [InlineData("""{"image_std": "half"}""", "image_std")]
    [InlineData("""{"do_resize": 1}""", "do_resize")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{""", "not JSON")]
    public void WhatIsNotSupportedIsNamed(string json, string name)
    {
        Preprocessor(json);
        SmvlException e = Assert.Throws<SmvlException>(() => ImageProcessorConfig.Read(folder));
        Assert.Contains("preprocessor_config.json: " + name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutFilesIsNamed()
    {
        SmvlException e = Assert.Throws<SmvlException>(() => ImageProcessorConfig.Read(folder));
        Assert.StartsWith(folder, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NormalizationIsOneMultiplicationAndOneAddition()
    {
        var config = new ImageProcessorConfig { ImageMean = [0.1, 0.2, 0.3], ImageStd = [0.4, 0.5, 0.6] };
        for (int channel = 0; channel < 3; channel++)
        {
            double expected = ((200 / 255.0) - config.ImageMean[channel]) / config.ImageStd[channel];
            Assert.Equal(expected, (200 * config.NormalizationScale(channel)) + config.NormalizationOffset(channel), 1e-6);
        }

        Assert.Equal((1f, 0f), Steps(config with { DoRescale = false, DoNormalize = false }));
        Assert.Equal((1 / 255f, 0f), Steps(config with { DoNormalize = false }));
        Assert.Equal((2.5f, -0.25f), Steps(config with { DoRescale = false }));

        static (float Scale, float Offset) Steps(ImageProcessorConfig config) => (config.NormalizationScale(0), config.NormalizationOffset(0));
    }

    private void Preprocessor(string json) => File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), json);

    private void Processor(string json) => File.WriteAllText(Path.Combine(folder, "processor_config.json"), json);
}
