using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>How a new connector's weights are drawn.</summary>
public enum ConnectorInitialization
{
    /// <summary>Uniform within ±1/√(fan-in), as torch's Linear starts.</summary>
    Uniform,

    /// <summary>Normal with a given deviation.</summary>
    Normal,
}

/// <summary>What <see cref="Splicer"/> joins.</summary>
/// <param name="Vision">a SmolVLM or Idefics3 folder</param>
/// <param name="Text">a Qwen3 folder with its tokenizer</param>
/// <param name="Output">a new or empty folder</param>
public sealed record SpliceOptions(string Vision, string Text, string Output)
{
    public const double DefaultConnectorDeviation = 0.02;
    public const long DefaultSeed = 42;

    public ConnectorInitialization Connector { get; init; }

    /// <summary>For <see cref="ConnectorInitialization.Normal"/>.</summary>
    public double ConnectorDeviation { get; init; } = DefaultConnectorDeviation;

    public long Seed { get; init; } = DefaultSeed;
}

/// <summary>
/// Joins the vision tower of one checkpoint with the text model, head and tokenizer of another through a new connector:
/// a folder that transformers loads as SmolVLMForConditionalGeneration. Tensors keep the bytes of their sources; the connector is
/// float32. Nothing of either model is in memory but the piece that is being copied.
/// </summary>
public static class Splicer
{
    /// <returns>the configuration of the model in <see cref="SpliceOptions.Output"/></returns>
    /// <exception cref="SmvlException">a source that is none, weights that do not fit their configuration, an output that is not empty</exception>
    public static ModelConfig Splice(SpliceOptions options, CancellationToken cancellation = default)
    {
        using StagedFolder staged = StagedFolder.Create(options.Output);
        (VisionConfig vision, int scaleFactor) = ConfigFile.ReadVisionSource(options.Vision);
        TextConfig text = ConfigFile.ReadTextSource(options.Text);
        AddedTokens tokens = AddedTokens.Read(options.Text);
        tokens.RequireWithin(text.VocabularySize);
        _ = tokens.Require(ImageTokens.Qwen.Fake);
        _ = tokens.Require(ImageTokens.Qwen.Global);
        var config = new ModelConfig
        {
            Vision = vision,
            Text = text,
            ScaleFactor = scaleFactor,
            ImageTokenId = tokens.Require(ImageTokens.Qwen.Image),
        };

        TokenizerFiles.CopyWithImageTokens(options.Text, staged.Path, ImageTokens.Qwen);
        ProcessorFiles.Write(options.Vision, staged.Path, config);
        ConfigWriter.Write(staged.Path, config, DType.F32);   // the connector's type, which holds every other one exactly
        GenerationConfigFile.Write(staged.Path, GenerationConfigFile.Read(options.Text, text));
        WriteWeights(options, config, staged.Path, cancellation);
        staged.Commit();
        return config;
    }

    private static void WriteWeights(SpliceOptions options, ModelConfig config, string folder, CancellationToken cancellation)
    {
        using CheckpointFolder visionFolder = CheckpointFolder.Open(options.Vision);
        using CheckpointFolder textFolder = CheckpointFolder.Open(options.Text);
        IReadOnlyDictionary<string, Tensor> vision = CheckpointWeights.Bind(visionFolder, NameTable.VisionSource(config.Vision));
        IReadOnlyDictionary<string, Tensor> text = CheckpointWeights.Bind(textFolder, NameTable.TextSource(config.Text));
        CheckpointWriter.Write(folder, [.. NameTable.For(config).Select(row =>
            vision.TryGetValue(row.Ours, out Tensor? tensor) || text.TryGetValue(row.Ours, out tensor)
                ? TensorSource.From(row.HuggingFace, tensor, cancellation)
                : NewConnector(row, options, cancellation))]);
    }

    private static TensorSource NewConnector(TensorName row, SpliceOptions options, CancellationToken cancellation) =>
        options.Connector == ConnectorInitialization.Normal
            ? InitialWeights.Normal(row.HuggingFace, DType.F32, row.Shape, options.Seed, options.ConnectorDeviation, cancellation)
            : InitialWeights.Uniform(row.HuggingFace, DType.F32, row.Shape, options.Seed, 1 / Math.Sqrt(row.Shape.Width), cancellation);
}
