using System.Text.Json;

namespace Smvl.Images;

/// <summary>
/// The configuration's two files. transformers 4 keeps the image processor in preprocessor_config.json; transformers 5 may keep it
/// inside processor_config.json, as <c>image_processor</c>, which then comes first. Unknown keys are left alone.
/// </summary>
public sealed partial record ImageProcessorConfig
{
    private const string PreprocessorFile = "preprocessor_config.json", ProcessorFile = "processor_config.json";

    /// <param name="folder">a checkpoint's</param>
    /// <exception cref="SmvlException">neither file is there, JSON is broken, or a key has a value that is not supported</exception>
    public static ImageProcessorConfig Read(string folder)
    {
        string preprocessorPath = Path.Combine(folder, PreprocessorFile), processorPath = Path.Combine(folder, ProcessorFile);
        JsonSection? processor = JsonSection.Open(processorPath);
        JsonSection section = processor?.Section("image_processor") ?? JsonSection.Open(preprocessorPath)
            ?? throw new SmvlException(
                "the folder has no image processor", folder, $"{PreprocessorFile}, or {ProcessorFile} with image_processor",
                hint: "fetch the missing file from where the checkpoint came");
        var defaults = new ImageProcessorConfig();
        section.Require("do_convert_rgb", true);
        if (section.Section("size") is JsonSection size && section.Bool("do_resize", true))
        {
            size.Require("longest_edge");
        }

        return new ImageProcessorConfig
        {
            DoResize = section.Bool("do_resize", defaults.DoResize),
            LongestEdge = section.Section("size")?.Positive("longest_edge", defaults.LongestEdge) ?? defaults.LongestEdge,
            DoImageSplitting = section.Bool("do_image_splitting", defaults.DoImageSplitting),
            TileSize = section.Section("max_image_size")?.Positive("longest_edge", defaults.TileSize) ?? defaults.TileSize,
            Resample = section.Filter("resample", defaults.Resample),
            DoRescale = section.Bool("do_rescale", defaults.DoRescale),
            RescaleFactor = section.Number("rescale_factor", defaults.RescaleFactor),
            DoNormalize = section.Bool("do_normalize", defaults.DoNormalize),
            ImageMean = section.PerChannel("image_mean", defaults.ImageMean),
            ImageStd = section.PerChannel("image_std", defaults.ImageStd),
            ImageSeqLen = processor?.Positive("image_seq_len", defaults.ImageSeqLen) ?? defaults.ImageSeqLen,
        };
    }
}
