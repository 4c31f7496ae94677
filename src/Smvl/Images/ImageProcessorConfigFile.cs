using System.Text.Json;
using Smvl.Formats;

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
        string processorPath = Path.Combine(folder, ProcessorFile);
        JsonSection? processor = File.Exists(processorPath) ? JsonSection.Load(processorPath) : null;
        JsonSection section = processor?.Section("image_processor") ?? JsonSection.Load(Path.Combine(folder, PreprocessorFile));

        // every decoded picture is RGB, and the tower takes nothing else
        section.Require("do_convert_rgb", true);
        var defaults = new ImageProcessorConfig();
        int resample = section.Int("resample", (int)defaults.Resample);
        if (!Enum.IsDefined((ResampleFilter)resample))
        {
            throw section.Wrong("resample", "1 (Lanczos), 2 (bilinear) or 3 (bicubic)", $"{resample}");
        }

        return new ImageProcessorConfig
        {
            DoResize = section.Bool("do_resize", defaults.DoResize),
            LongestEdge = LongestEdgeOf("size", defaults.LongestEdge),
            DoImageSplitting = section.Bool("do_image_splitting", defaults.DoImageSplitting),
            TileSize = LongestEdgeOf("max_image_size", defaults.TileSize),
            Resample = (ResampleFilter)resample,
            DoRescale = section.Bool("do_rescale", defaults.DoRescale),
            RescaleFactor = section.Number("rescale_factor", defaults.RescaleFactor),
            DoNormalize = section.Bool("do_normalize", defaults.DoNormalize),
            ImageMean = PerChannel(section, "image_mean", defaults.ImageMean),
            ImageStd = PerChannel(section, "image_std", defaults.ImageStd, value => value > 0),
            ImageSeqLen = processor?.Positive("image_seq_len", defaults.ImageSeqLen) ?? defaults.ImageSeqLen,
        };

        int LongestEdgeOf(string key, int otherwise) => section.Section(key)?.Positive("longest_edge") ?? otherwise;
    }

    /// <summary>Writes both files, such that transformers' AutoProcessor reads them; <see cref="Read"/> gives this configuration back.</summary>
    /// <param name="folder">exists</param>
    public void Write(string folder)
    {
        HuggingFaceJson.WriteObject(Path.Combine(folder, PreprocessorFile), json =>
        {
            json.WriteBoolean("do_convert_rgb", true);
            json.WriteBoolean("do_image_splitting", DoImageSplitting);
            json.WriteBoolean("do_normalize", DoNormalize);
            json.WriteBoolean("do_pad", true);
            json.WriteBoolean("do_rescale", DoRescale);
            json.WriteBoolean("do_resize", DoResize);
            WriteNumbers(json, "image_mean", ImageMean);
            json.WriteString("image_processor_type", "SmolVLMImageProcessor");
            WriteNumbers(json, "image_std", ImageStd);
            WriteLongestEdge(json, "max_image_size", TileSize);
            json.WriteString("processor_class", "SmolVLMProcessor");
            json.WriteNumber("resample", (int)Resample);
            json.WriteFloat("rescale_factor", RescaleFactor);
            WriteLongestEdge(json, "size", LongestEdge);
        });
        HuggingFaceJson.WriteObject(Path.Combine(folder, ProcessorFile), json =>
        {
            json.WriteNumber("image_seq_len", ImageSeqLen);
            json.WriteString("processor_class", "SmolVLMProcessor");
        });
    }

    /// <summary>A list of three numbers, or one number for all three channels.</summary>
    private static IReadOnlyList<double> PerChannel(
        JsonSection section, string key, IReadOnlyList<double> otherwise, Func<double, bool>? isAllowed = null)
    {
        if (!section.Has(key))
        {
            return otherwise;
        }

        JsonElement value = section.Properties().Last(property => property.NameEquals(key)).Value;
        JsonElement[] items = value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()]
            : [.. Enumerable.Repeat(value, RgbImage.Channels)];
        return items.Length == RgbImage.Channels
            && items.All(item => item.ValueKind == JsonValueKind.Number && isAllowed?.Invoke(item.GetDouble()) != false)
            ? [.. items.Select(item => item.GetDouble())]
            : throw section.Wrong(key, isAllowed is null ? "three numbers" : "three positive numbers", value.GetRawText());
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, IReadOnlyList<double> values)
    {
        json.WriteStartArray(key);
        foreach (double value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteLongestEdge(Utf8JsonWriter json, string key, int pixels)
    {
        json.WriteStartObject(key);
        json.WriteNumber("longest_edge", pixels);
        json.WriteEndObject();
    }
}
