using Smvl.Images;
using Smvl.Models;

namespace Smvl.Formats.Gguf;

/// <summary>The extents of the models in a text GGUF file and in its mmproj file, checked. Keys that are not looked at are left alone.</summary>
internal static class GgufConfigReader
{
    private const string RopeScaling = GgufKeys.Text.Architecture + ".rope.scaling.type";
    private const string RopeDimensions = GgufKeys.Text.Architecture + ".rope.dimension_count";

    /// <param name="file">a text model; one without a head of its own has it tied to the embedding</param>
    /// <exception cref="SmvlException">another architecture, keys missing, or extents that do not fit</exception>
    public static TextConfig ReadText(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        metadata.Require(GgufKeys.Architecture, GgufKeys.Text.Architecture);
        if (metadata.OptionalText(RopeScaling) is { } scaling and not "none")
        {
            throw metadata.Wrong(RopeScaling, "none", scaling, "scaled rotary positions are not built");
        }

        var text = new TextConfig
        {
            HiddenSize = metadata.Positive(GgufKeys.Text.EmbeddingLength),
            IntermediateSize = metadata.Positive(GgufKeys.Text.FeedForwardLength),
            LayerCount = Layers(file, GgufKeys.Text.BlockCount),
            HeadCount = metadata.Positive(GgufKeys.Text.HeadCount),
            KeyValueHeadCount = metadata.Positive(GgufKeys.Text.KeyValueHeadCount),
            HeadSize = metadata.Positive(GgufKeys.Text.KeyLength),
            VocabularySize = metadata.Strings(GgufKeys.Tokenizer.Tokens).Count,
            RmsNormEpsilon = metadata.Float(GgufKeys.Text.RmsNormEpsilon),
            RopeTheta = metadata.Float(GgufKeys.Text.RopeBase),
            MaxPositions = metadata.Positive(GgufKeys.Text.ContextLength),
            TieWordEmbeddings = !file.Tensors.ContainsKey(NameTable.GgufHeadName),
            BosTokenId = TokenId(metadata, GgufKeys.Tokenizer.BosTokenId),
            EosTokenIds = TokenId(metadata, GgufKeys.Tokenizer.EosTokenId) is int end ? [end] : [],
            PadTokenId = TokenId(metadata, GgufKeys.Tokenizer.PaddingTokenId),
        };
        if (text.HeadCount % text.KeyValueHeadCount != 0)
        {
            throw metadata.Wrong(GgufKeys.Text.HeadCount, $"a multiple of {GgufKeys.Text.KeyValueHeadCount} {text.KeyValueHeadCount}", $"{text.HeadCount}");
        }

        if (text.HeadSize % 2 != 0)
        {
            throw metadata.Wrong(GgufKeys.Text.KeyLength, "an even number", $"{text.HeadSize}", "rotary positions turn pairs");
        }

        CheckProduct(metadata, GgufKeys.Text.KeyLength, text.HeadSize, text.HeadCount);
        Equal(metadata, GgufKeys.Text.ValueLength, text.HeadSize);
        Equal(metadata, RopeDimensions, text.HeadSize);
        Equal(metadata, GgufKeys.Text.VocabularySize, text.VocabularySize);
        return text.RopeTheta > 0 ? text : throw metadata.Wrong(GgufKeys.Text.RopeBase, "a positive number", $"{text.RopeTheta}");
    }

    /// <param name="file">an mmproj</param>
    /// <param name="text">the text model that it is for</param>
    /// <exception cref="SmvlException">another projector, keys missing, extents that do not fit, or rows of another width than the text model's</exception>
    public static VisionSourceConfig ReadVision(GgufFile file, TextConfig text)
    {
        GgufMetadata metadata = file.Metadata;
        metadata.Require(GgufKeys.Architecture, GgufKeys.Projector.Architecture);
        metadata.Require(GgufKeys.Projector.ProjectorType, GgufKeys.Projector.Idefics3);
        RequireTrue(metadata, GgufKeys.Projector.HasVisionEncoder);
        RequireTrue(metadata, GgufKeys.Projector.UseGelu);
        var vision = new VisionConfig
        {
            HiddenSize = metadata.Positive(GgufKeys.Projector.EmbeddingLength),
            IntermediateSize = metadata.Positive(GgufKeys.Projector.FeedForwardLength),
            LayerCount = Layers(file, GgufKeys.Projector.BlockCount),
            HeadCount = metadata.Positive(GgufKeys.Projector.HeadCount),
            ImageSize = metadata.Positive(GgufKeys.Projector.ImageSize),
            PatchSize = metadata.Positive(GgufKeys.Projector.PatchSize),
            LayerNormEpsilon = metadata.Float(GgufKeys.Projector.LayerNormEpsilon),
        };
        if (vision.HiddenSize % vision.HeadCount != 0)
        {
            throw metadata.Wrong(GgufKeys.Projector.EmbeddingLength, $"a multiple of {GgufKeys.Projector.HeadCount} {vision.HeadCount}", $"{vision.HiddenSize}");
        }

        CheckProduct(metadata, GgufKeys.Projector.ImageSize, vision.ImageSize, (long)vision.ImageSize * RgbImage.Channels);
        if (vision.PatchSize > vision.ImageSize)
        {
            throw metadata.Wrong(GgufKeys.Projector.PatchSize, $"at most {GgufKeys.Projector.ImageSize} {vision.ImageSize}", $"{vision.PatchSize}");
        }

        int scale = metadata.Positive(GgufKeys.Projector.ScaleFactor);
        if (vision.GridSize % scale != 0)
        {
            throw metadata.Wrong(GgufKeys.Projector.ScaleFactor, $"a divisor of the patch grid's edge {vision.GridSize}", $"{scale}");
        }

        CheckProduct(metadata, GgufKeys.Projector.EmbeddingLength, vision.HiddenSize, (long)scale * scale);
        int width = metadata.Positive(GgufKeys.Projector.ProjectionDimension);
        return width == text.HiddenSize
            ? new VisionSourceConfig(vision, scale)
            : throw metadata.Wrong(
                GgufKeys.Projector.ProjectionDimension, $"the text model's {GgufKeys.Text.EmbeddingLength} {text.HiddenSize}", $"{width}",
                "text model and mmproj must be of one model");
    }

    /// <summary>How bytes become the tower's input: (byte / 255 − mean) / std.</summary>
    public static PixelNormalisation ReadPixels(GgufMetadata metadata)
    {
        IReadOnlyList<float> mean = PerChannel(GgufKeys.Projector.ImageMean), deviation = PerChannel(GgufKeys.Projector.ImageStd);
        return deviation.All(value => value > 0)
            ? new PixelNormalisation([.. deviation.Select(std => 1 / (255 * std))], [.. mean.Zip(deviation, (m, std) => -m / std)])
            : throw metadata.Wrong(GgufKeys.Projector.ImageStd, "three positive numbers", string.Join(", ", deviation));

        IReadOnlyList<float> PerChannel(string key) => metadata.Floats(key) is { Count: RgbImage.Channels } numbers
            ? numbers
            : throw metadata.Wrong(key, "three numbers", $"{metadata.Floats(key).Count}");
    }

    /// <summary>The longest edge that pictures are brought to; null where there is none, for which 0 stands too.</summary>
    public static int? LongestEdge(GgufMetadata metadata) =>
        metadata.OptionalInt(GgufKeys.Projector.LongestEdge) is int edge and > 0 ? edge : null;

    /// <summary>A count of layers, of which each has tensors.</summary>
    private static int Layers(GgufFile file, string key)
    {
        int layers = file.Metadata.Positive(key);
        return layers <= file.Tensors.Count ? layers : throw file.Metadata.Wrong(key, $"at most as many layers as tensors, {file.Tensors.Count}", $"{layers}");
    }

    /// <summary>Extents are multiplied before they are held against the tensors' shapes.</summary>
    private static void CheckProduct(GgufMetadata metadata, string key, int extent, long factor)
    {
        if (extent > int.MaxValue / factor)
        {
            throw metadata.Wrong(key, $"at most {int.MaxValue / factor}", $"{extent}");
        }
    }

    private static int? TokenId(GgufMetadata metadata, string key)
    {
        int count = metadata.Strings(GgufKeys.Tokenizer.Tokens).Count;
        return metadata.OptionalInt(key) is not int id || id < count ? metadata.OptionalInt(key) : throw metadata.Wrong(key, $"0 to {count - 1}", $"{id}");
    }

    /// <summary>A key that may be left out, with the only value that it may have.</summary>
    private static void Equal(GgufMetadata metadata, string key, int expected)
    {
        if (metadata.Int(key, expected) is var actual && actual != expected)
        {
            throw metadata.Wrong(key, $"{expected}", $"{actual}");
        }
    }

    private static void RequireTrue(GgufMetadata metadata, string key)
    {
        if (!metadata.Bool(key, false))
        {
            throw metadata.Wrong(key, "true", metadata.Has(key) ? "false" : "left out");
        }
    }
}
