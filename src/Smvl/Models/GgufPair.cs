using Smvl.Formats.Gguf;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>A text model's GGUF file and its mmproj file, or the first alone, opened: extents and weights, checked against each other.</summary>
internal sealed class GgufPair : IDisposable
{
    private GgufPair(GgufFile textFile, GgufFile? projectorFile)
    {
        TextFile = textFile;
        ProjectorFile = projectorFile;
        Text = GgufConfigReader.ReadText(textFile);
        Names = NameTable.TextSource(Text);
        if (projectorFile is not null)
        {
            (VisionConfig vision, int scaleFactor) = GgufConfigReader.ReadVision(projectorFile, Text);
            Whole = new() { Vision = vision, Text = Text, ScaleFactor = scaleFactor, ImageTokenId = 0 };
            Names = NameTable.For(Whole);
        }

        ILookup<bool, TensorName> names = Names.ToLookup(name => name.IsInProjectorFile);
        var weights = GgufWeights.Bind(textFile, [.. names[false]]);
        Weights = new Dictionary<string, Tensor>(projectorFile is null ? weights : weights.Concat(GgufWeights.Bind(projectorFile, [.. names[true]])));
    }

    public GgufFile TextFile { get; }

    /// <summary>Null for a text model alone.</summary>
    public GgufFile? ProjectorFile { get; }

    public TextConfig Text { get; }

    /// <summary>All but the image token's id, which the tokenizer has; null for a text model alone.</summary>
    public ModelConfig? Whole { get; }

    public NameTable Names { get; }

    /// <summary>By our names; valid until this is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <exception cref="SmvlException">a file missing or damaged, of another kind of model, or files that are not of one model</exception>
    public static GgufPair Open(string path, string? projectorPath)
    {
        GgufFile textFile = GgufFile.Open(path);
        GgufFile? projectorFile = null;
        try
        {
            projectorFile = projectorPath is null ? null : GgufFile.Open(projectorPath);
            return new GgufPair(textFile, projectorFile);
        }
        catch
        {
            projectorFile?.Dispose();
            textFile.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ProjectorFile?.Dispose();
        TextFile.Dispose();
    }
}
