using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Models;

/// <summary>A GGUF text model, or the pair, held against the folder that it was made of.</summary>
/// <param name="Distance">of next-token distributions</param>
/// <param name="Text">sizes of the text model</param>
/// <param name="Projector">sizes of tower and connector; null where there is no mmproj</param>
public sealed record GgufComparison(ModelDistance Distance, FileSizes Text, FileSizes? Projector)
{
    /// <summary>Of all files.</summary>
    public FileSizes Total => Projector is null ? Text : new FileSizes(Text.Folder + Projector.Folder, Text.File + Projector.File);
}

/// <summary>What the same weights take.</summary>
/// <param name="Folder">bytes of their tensors in the folder</param>
/// <param name="File">bytes of the GGUF file, its vocabulary included</param>
public sealed record FileSizes(long Folder, long File)
{
    /// <summary>The file's share of the folder's bytes.</summary>
    public double Share => File / (double)Folder;
}

/// <summary>Holds GGUF files, whoever wrote them, against the folder of the float model.</summary>
public static class GgufComparer
{
    /// <param name="folder">the float model, a spliced or trained folder</param>
    /// <param name="text">the text model's file</param>
    /// <param name="projector">the mmproj; null for texts only</param>
    /// <param name="prompts">what both read</param>
    /// <param name="threads">cores to compute on</param>
    /// <param name="notice">gets a line where the folder leaves something open</param>
    /// <param name="progress">gets the share of tokens read, 0 to 1</param>
    /// <param name="cancellation">heard between blocks of the models</param>
    /// <exception cref="SmvlException">a folder or a file that is damaged, or files of another model</exception>
    public static GgufComparison Compare(
        string folder, string text, string? projector, ComparisonPrompts prompts, int threads, Action<string>? notice = null,
        Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(threads);
        using ModelFolder source = ModelFolder.Open(folder, backend, notice);
        using GgufModel other = GgufModel.Open(text, projector, backend);
        CheckSameModel(source, other, text, prompts);
        ModelDistance distance = ModelComparison.Compare(source, other.Model, prompts, progress, cancellation);
        return new GgufComparison(
            distance, Sizes(source, text, ofProjector: false), projector is null ? null : Sizes(source, projector, ofProjector: true));
    }

    private static FileSizes Sizes(ModelFolder source, string file, bool ofProjector)
    {
        HashSet<string> names = [.. NameTable.For(source.Model.Config).Where(row => row.IsInProjectorFile == ofProjector).Select(row => row.Ours)];
        return new FileSizes(
            source.Model.Parameters.Where(parameter => names.Contains(parameter.Name)).Sum(parameter => parameter.StoredDType.Bytes(parameter.Shape.Count)),
            FileLength.Of(file));
    }

    /// <summary>Both must read the same ids as the same text, and make as many rows of a tile.</summary>
    private static void CheckSameModel(ModelFolder source, GgufModel other, string file, ComparisonPrompts prompts)
    {
        Check("tokens", source.Model.TextConfig.VocabularySize, other.Model.TextConfig.VocabularySize);
        Check("image token", source.Prompts.ImageTokenId, other.Prompts.ImageTokenId);
        if (other.Model.TakesPictures)
        {
            Check("pixels of a tile's edge", source.Model.Config.Vision.ImageSize, other.Model.Config.Vision.ImageSize);
            Check("rows of a tile", source.Model.Config.ImageSequenceLength, other.Model.Config.ImageSequenceLength);
        }

        foreach (string text in prompts.Texts)
        {
            (int[] expected, int[] actual) = (source.Tokenizer.Encode(text), other.Tokenizer.Encode(text));
            if (!expected.SequenceEqual(actual))
            {
                throw new SmvlException("a prompt has other ids than at the folder", file, string.Join(' ', expected), string.Join(' ', actual), "the file must be made of this model");
            }
        }

        void Check(string what, int expected, int actual)
        {
            if (expected != actual)
            {
                throw new SmvlException($"not the folder's model: {what}", file, $"{expected}", $"{actual}", "the file must be made of this model");
            }
        }
    }
}
