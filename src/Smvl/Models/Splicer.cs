using System.Text.Json.Nodes;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Tensors;
using Smvl.Text;

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

    /// <summary>What stands around image rows.</summary>
    public ImageLayout Layout { get; init; } = ImageLayout.Tokens;

    /// <summary>Cores that draw new weights.</summary>
    public int Threads { get; init; } = ThreadCount.Default;
}

/// <summary>
/// Joins the vision tower of one checkpoint with the text model, head and tokenizer of another through a new connector:
/// a folder that transformers loads as SmolVLMForConditionalGeneration. Tensors keep the bytes of their sources, but for
/// the embedding's rows of image markers that are tokens (<see cref="NewTokenRows"/>); the connector is float32. Nothing of either model is in memory but the piece that is being copied.
/// </summary>
public static class Splicer
{
    /// <param name="options">the folders and the connector's beginning</param>
    /// <param name="notice">gets a line where something a folder leaves open is read as Qwen3 has it</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    /// <returns>the configuration of the model in <see cref="SpliceOptions.Output"/></returns>
    /// <exception cref="SmvlException">a source that is none, weights that do not fit their configuration, an output that is not empty</exception>
    public static ModelConfig Splice(
        SpliceOptions options, Action<string>? notice = null, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using StagedFolder staged = StagedFolder.Create(options.Output);
        (VisionConfig vision, int scaleFactor) = ConfigFile.ReadVisionSource(options.Vision);
        TextConfig text = ConfigFile.ReadTextSource(options.Text);
        ImageProcessorConfig pictures = PictureSettings(options.Vision, vision);
        (BpeTokenizer tokenizer, IReadOnlyList<AddedToken> added) = TokenizerCopy.Copy(
            options.Text, staged.Path, text, Markers(options.Layout, pictures), json => AmendTokenizerConfig(json, options.Layout), notice);
        var rows = new NewTokenRows(added, options.Seed);
        var config = new ModelConfig
        {
            Vision = vision,
            Text = text with { VocabularySize = rows.RowsOf(text.VocabularySize) },
            ScaleFactor = scaleFactor,
            ImageTokenId = TokenId(tokenizer, options.Text, ImageLayout.Image),
        };
        foreach (string marker in QwenMarkers(options.Layout))
        {
            _ = TokenId(tokenizer, options.Text, marker);
        }

        File.WriteAllText(Path.Combine(staged.Path, ChatTemplate.FileName), ChatTemplate.Jinja);
        (pictures with { ImageSeqLen = config.ImageSequenceLength }).Write(staged.Path);
        ConfigWriter.Write(staged.Path, config, DType.F32);   // the connector's type, which holds every other one exactly
        GenerationConfigFile.Write(staged.Path, GenerationConfigFile.Read(options.Text, config.Text));
        new ModelSources(ModelSource.Of(options.Vision), ModelSource.Of(options.Text)).Write(staged.Path);
        WriteWeights(options, text, config, rows, staged.Path, progress, cancellation);
        staged.Commit();
        return config;
    }

    /// <summary>The text model's own chat template goes: it knows no pictures, and the spliced folder has one.</summary>
    private static void AmendTokenizerConfig(JsonObject tokenizerConfig, ImageLayout layout)
    {
        tokenizerConfig.Remove("chat_template");
        layout.AddTo(tokenizerConfig);
    }

    /// <summary>Markers that the vocabulary gets: those of the largest grid that the picture settings can ask for.</summary>
    private static IReadOnlyList<string> Markers(ImageLayout layout, ImageProcessorConfig pictures) =>
        layout == ImageLayout.Tokens ? ImageLayout.MarkersFor(Math.Max(1, (pictures.LongestEdge + pictures.TileSize - 1) / pictures.TileSize)) : [];

    /// <summary>Markers that the vocabulary must have: those that are Qwen's own tokens.</summary>
    private static IEnumerable<string> QwenMarkers(ImageLayout layout) =>
        layout == ImageLayout.Tokens ? [] : ((string[])[layout.Fake, layout.Global]).Where(marker => marker.StartsWith("<|", StringComparison.Ordinal));

    private static int TokenId(BpeTokenizer tokenizer, string folder, string token) =>
        tokenizer.TokenToId(token)
        ?? throw new SmvlException("the tokenizer lacks a token", folder, token, "none of this text", "take the tokenizer of a Qwen3 model");

    private static ImageProcessorConfig PictureSettings(string source, VisionConfig vision)
    {
        ImageProcessorConfig settings = ImageProcessorConfig.Read(source);
        if (settings.TileSize != vision.ImageSize)
        {
            throw new SmvlException(
                "the picture settings' tiles are not the vision tower's",
                source,
                $"max_image_size.longest_edge {vision.ImageSize}",
                $"{settings.TileSize}",
                "preprocessor_config.json and config.json must be of the same model");
        }

        return settings;
    }

    private static void WriteWeights(
        SpliceOptions options, TextConfig source, ModelConfig config, NewTokenRows rows, string folder, Action<double>? progress,
        CancellationToken cancellation)
    {
        using CheckpointFolder visionFolder = CheckpointFolder.Open(options.Vision);
        using CheckpointFolder textFolder = CheckpointFolder.Open(options.Text);
        IReadOnlyDictionary<string, Tensor> vision = CheckpointWeights.Bind(visionFolder, NameTable.VisionSource(config.Vision));
        IReadOnlyDictionary<string, Tensor> text = CheckpointWeights.Bind(textFolder, NameTable.TextSource(source));
        CheckpointWriter.Write(folder, [.. NameTable.For(config).Select(row =>
            row.Ours is "text.embedding" or "head" ? rows.Source(row.HuggingFace, text[row.Ours], cancellation)
                : vision.TryGetValue(row.Ours, out Tensor? tensor) || text.TryGetValue(row.Ours, out tensor) ? TensorSource.From(row.HuggingFace, tensor, cancellation)
                : NewConnector(row, options, cancellation))], progress: progress);
    }

    private static TensorSource NewConnector(TensorName row, SpliceOptions options, CancellationToken cancellation) =>
        options.Connector == ConnectorInitialization.Normal
            ? InitialWeights.Normal(row.HuggingFace, DType.F32, row.Shape, options.Seed, options.ConnectorDeviation, options.Threads, cancellation)
            : InitialWeights.Uniform(row.HuggingFace, DType.F32, row.Shape, options.Seed, 1 / Math.Sqrt(row.Shape.Width), options.Threads, cancellation);
}
