using Smvl.Images;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Quantization;

namespace Smvl.Formats.Gguf;

/// <summary>
/// The keys of a text model's file and of its mmproj, exactly those that llama.cpp needs; <see cref="GgufConfigReader"/> reads them back.
/// </summary>
internal static class GgufConfigWriter
{
    /// <param name="writer">gets the keys</param>
    /// <param name="name">for people</param>
    /// <param name="type">what the tensors are stored as</param>
    /// <param name="text">extents</param>
    public static void WriteText(GgufWriter writer, string name, FileType type, TextConfig text)
    {
        WriteGeneral(writer, GgufKeys.Text.Architecture, GgufKeys.Text.Type, name, type);
        writer.Add(GgufKeys.Text.BlockCount, text.LayerCount);
        writer.Add(GgufKeys.Text.ContextLength, text.MaxPositions);
        writer.Add(GgufKeys.Text.EmbeddingLength, text.HiddenSize);
        writer.Add(GgufKeys.Text.FeedForwardLength, text.IntermediateSize);
        writer.Add(GgufKeys.Text.HeadCount, text.HeadCount);
        writer.Add(GgufKeys.Text.KeyValueHeadCount, text.KeyValueHeadCount);
        writer.Add(GgufKeys.Text.KeyLength, text.HeadSize);
        writer.Add(GgufKeys.Text.ValueLength, text.HeadSize);
        writer.Add(GgufKeys.Text.RmsNormEpsilon, (float)text.RmsNormEpsilon);
        writer.Add(GgufKeys.Text.RopeBase, (float)text.RopeTheta);
        writer.Add(GgufKeys.Text.VocabularySize, text.VocabularySize);
    }

    /// <param name="writer">gets the keys</param>
    /// <param name="generation">its special ids</param>
    /// <param name="where">the folder, for errors</param>
    /// <exception cref="SmvlException">no end token</exception>
    public static void WriteTokenIds(GgufWriter writer, GenerationConfig generation, string where)
    {
        if (generation.EosTokenIds is not [int end, ..])
        {
            throw new SmvlException("no token ends an answer", where, "eos_token_id in config.json or generation_config.json", hint: "llama.cpp would take id 11 for it");
        }

        writer.Add(GgufKeys.Tokenizer.EosTokenId, end);
        if (generation.BosTokenId is int first)
        {
            writer.Add(GgufKeys.Tokenizer.BosTokenId, first);
        }

        if (generation.PadTokenId is int padding)
        {
            writer.Add(GgufKeys.Tokenizer.PaddingTokenId, padding);
        }

        writer.Add(GgufKeys.Tokenizer.AddBosToken, false);
    }

    /// <param name="writer">gets the keys</param>
    /// <param name="name">for people</param>
    /// <param name="type">what the tensors are stored as</param>
    /// <param name="config">extents of tower and connector, and the width of the text model</param>
    /// <param name="images">mean and deviation of the pixels, and the longest edge</param>
    /// <param name="tiles">whether pictures are brought to the longest edge and cut; else each is one tile and the overview</param>
    /// <param name="where">the folder, for errors</param>
    /// <exception cref="SmvlException">the folder's pictures are prepared in a way that mtmd does not</exception>
    public static void WriteProjector(
        GgufWriter writer, string name, FileType type, ModelConfig config, ImageProcessorConfig images, bool tiles, string where)
    {
        RefuseOtherPictures(images, tiles, where);
        WriteGeneral(writer, GgufKeys.Projector.Architecture, GgufKeys.Projector.Type, name, type);
        writer.Add(GgufKeys.Projector.HasVisionEncoder, true);
        writer.Add(GgufKeys.Projector.ProjectorType, GgufKeys.Projector.Idefics3);
        writer.Add(GgufKeys.Projector.UseGelu, true);   // the tanh form; left out, mtmd computes another one
        writer.Add(GgufKeys.Projector.ImageSize, config.Vision.ImageSize);
        writer.Add(GgufKeys.Projector.PatchSize, config.Vision.PatchSize);
        writer.Add(GgufKeys.Projector.EmbeddingLength, config.Vision.HiddenSize);
        writer.Add(GgufKeys.Projector.FeedForwardLength, config.Vision.IntermediateSize);
        writer.Add(GgufKeys.Projector.BlockCount, config.Vision.LayerCount);
        writer.Add(GgufKeys.Projector.HeadCount, config.Vision.HeadCount);
        writer.Add(GgufKeys.Projector.LayerNormEpsilon, (float)config.Vision.LayerNormEpsilon);
        writer.Add(GgufKeys.Projector.ProjectionDimension, config.Text.HiddenSize);
        writer.Add(GgufKeys.Projector.ScaleFactor, config.ScaleFactor);
        writer.Add(GgufKeys.Projector.ImageMean, [.. images.ImageMean.Select(mean => (float)mean)]);
        writer.Add(GgufKeys.Projector.ImageStd, [.. images.ImageStd.Select(deviation => (float)deviation)]);

        // left out, llama.cpp 0.7.0 cuts a picture by its own size, a photograph into 48 tiles; of one tile's edge nothing is left to cut
        writer.Add(GgufKeys.Projector.LongestEdge, tiles ? images.LongestEdge : config.Vision.ImageSize);
    }

    private static void WriteGeneral(GgufWriter writer, string architecture, string kind, string name, FileType type)
    {
        writer.Add(GgufKeys.Architecture, architecture);
        writer.Add(GgufKeys.Type, kind);
        writer.Add(GgufKeys.Name, name);
        writer.Add(GgufKeys.FileType, type.Number);
        if (type.Matrices.IsQuantized())
        {
            writer.Add(GgufKeys.QuantizationVersion, GgufKeys.CurrentQuantizationVersion);
        }
    }

    /// <summary>mtmd always divides bytes by 255, normalises them, and brings a picture that it cuts to the longest edge.</summary>
    private static void RefuseOtherPictures(ImageProcessorConfig images, bool tiles, string where)
    {
        if (!images.DoRescale || !images.DoNormalize || Math.Abs((images.RescaleFactor * 255) - 1) > 1e-6)
        {
            throw new SmvlException(
                "pixels are prepared otherwise than llama.cpp does", where, "do_rescale true with rescale_factor 1/255, do_normalize true",
                $"{images.DoRescale}, {images.RescaleFactor}, {images.DoNormalize}");
        }

        if (tiles && !images.DoResize)
        {
            throw new SmvlException("llama.cpp always brings pictures to a longest edge before it cuts them", where, "do_resize true", "false", "use --tiles off");
        }
    }
}
