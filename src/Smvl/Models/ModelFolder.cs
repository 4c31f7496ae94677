using Smvl.Formats;
using Smvl.Images;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>
/// A checkpoint folder, opened: the model on a backend, its tokenizer, its picture settings, its generation settings. A spliced one, or a
/// Qwen3 text model alone, which takes no pictures. The weights and the tokenizer's files are mapped from the folder and stay open until
/// this is disposed.
/// </summary>
public sealed class ModelFolder : IChatModel
{
    /// <summary>A model without a padding token has none to leave out of its labels.</summary>
    private const int NoToken = -1;

    private readonly CheckpointFolder weights;
    private readonly IReadOnlyDictionary<string, FileBytes> tokenizerFiles;
    private readonly ImageProcessor? images;

    private ModelFolder(
        string path, CheckpointFolder weights, VisionLanguageModel model, ImageProcessor? images, BpeTokenizer tokenizer,
        PromptBuilder prompts, ImageLayout? layout, GenerationConfig generation)
    {
        Path = path;
        this.weights = weights;
        Model = model;
        this.images = images;
        Tokenizer = tokenizer;
        Prompts = prompts;
        Layout = layout;
        MarkerIds = [.. layout?.MarkerTokens(tokenizer).Select(token => token.Id) ?? []];
        Generation = generation;
        Sources = ModelSources.Read(path);
        tokenizerFiles = TokenizerCopy.OpenFiles(path);
    }

    public string Path { get; }

    public VisionLanguageModel Model { get; }

    /// <exception cref="SmvlException">a text model alone takes no picture</exception>
    public ImageProcessor Images => images ?? throw TakesNone();

    IImageTiler IChatModel.Images => images ?? (IImageTiler)new NoPictures(TakesNone);

    public BpeTokenizer Tokenizer { get; }

    public PromptBuilder Prompts { get; }

    public GenerationConfig Generation { get; }

    /// <summary>What stands around image rows; null for a text model alone.</summary>
    public ImageLayout? Layout { get; }

    /// <summary>Image markers that were made tokens for this model: their rows are trained with the connector.</summary>
    public IReadOnlyList<int> MarkerIds { get; }

    /// <summary>What it was made of; null where the folder does not say.</summary>
    public ModelSources? Sources { get; }

    /// <summary>A spliced folder, or a Qwen3 folder.</summary>
    /// <param name="path">a folder that <see cref="Splicer"/> or transformers wrote</param>
    /// <param name="backend">where the model runs</param>
    /// <param name="notice">gets a line where the files leave something open</param>
    /// <param name="splitting">whether pictures are cut into tiles, here and in what <see cref="Write"/> writes; null as the folder says</param>
    /// <exception cref="SmvlException">a file missing or damaged, or files that contradict each other</exception>
    public static ModelFolder OpenAny(string path, Backend backend, Action<string>? notice = null, bool? splitting = null) =>
        AdapterFolder.Is(path)
            ? OpenAdapter(AdapterFolder.BaseOf(path), path, backend, notice, splitting)
            : OpenAny(path, path, backend, notice, splitting);

    /// <summary>A model with an adapter's folder beside it; the settings are the adapter's where it has some.</summary>
    /// <param name="basePath">the model that the adapter was made for</param>
    /// <param name="adapter">a folder in PEFT's layout</param>
    /// <param name="backend">where the model runs</param>
    /// <param name="notice">gets a line where the files leave something open</param>
    /// <param name="splitting">as for <see cref="OpenAny(string, Backend, Action{string}?, bool?)"/></param>
    /// <exception cref="SmvlException">as there, or an adapter that is not of this model</exception>
    public static ModelFolder OpenAdapter(string basePath, string adapter, Backend backend, Action<string>? notice = null, bool? splitting = null)
    {
        bool hasSettings = File.Exists(System.IO.Path.Combine(adapter, ConfigFile.Name));
        ModelFolder folder = OpenAny(hasSettings ? adapter : basePath, basePath, backend, notice, splitting);
        try
        {
            AdapterFolder.Attach(folder.Model, adapter);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static ModelFolder OpenAny(string path, string weightsPath, Backend backend, Action<string>? notice, bool? splitting) =>
        ConfigFile.Kind(path) == CheckpointKind.Qwen3
            ? WithTokenizer(path, notice, read => OpenText(path, weightsPath, backend, read))
            : WithTokenizer(path, notice, read => OpenSpliced(path, weightsPath, backend, notice, splitting, read));

    /// <summary>A spliced folder.</summary>
    /// <param name="path">a folder that <see cref="Splicer"/> or transformers wrote</param>
    /// <param name="backend">where the model runs</param>
    /// <param name="notice">gets a line where the files leave something open</param>
    /// <exception cref="SmvlException">a file missing or damaged, or files that contradict each other</exception>
    public static ModelFolder Open(string path, Backend backend, Action<string>? notice = null) =>
        WithTokenizer(path, notice, read => OpenSpliced(path, path, backend, notice, null, read));

    private static ModelFolder WithTokenizer(string path, Action<string>? notice, Func<Func<BpeTokenizer>, ModelFolder> open)
    {
        // half of the time goes into the tokenizer's lists, so they are read beside the rest
        List<string> notices = [];
        Task<BpeTokenizer> reading = Task.Run(() => TokenizerFiles.Load(path, notices.Add));
        try
        {
            return open(() =>
            {
                BpeTokenizer tokenizer = reading.GetAwaiter().GetResult();
                notices.ForEach(line => notice?.Invoke(line));
                return tokenizer;
            });
        }
        finally
        {
            Task.WaitAny(reading);   // when the rest failed, too: nothing reads in the folder any more
        }
    }

    private static ModelFolder OpenText(string path, string weightsPath, Backend backend, Func<BpeTokenizer> readTokenizer)
    {
        TextConfig config = ConfigFile.ReadTextSource(path);
        GenerationConfig generation = GenerationConfigFile.Read(path, config);
        CheckpointFolder weights = CheckpointFolder.Open(weightsPath);
        VisionLanguageModel? model = null;
        try
        {
            model = new(backend, config, CheckpointWeights.Bind(weights, NameTable.TextSource(config)));
            BpeTokenizer tokenizer = Fitting(readTokenizer(), config, path);
            PromptBuilder prompts = new(tokenizer, ImageLayout.Qwen, rowsPerTile: 0, generation.PadTokenId ?? NoToken);
            return new ModelFolder(path, weights, model, null, tokenizer, prompts, null, generation);
        }
        catch
        {
            model?.Dispose();
            weights.Dispose();
            throw;
        }
    }

    private static ModelFolder OpenSpliced(
        string path, string weightsPath, Backend backend, Action<string>? notice, bool? splitting, Func<BpeTokenizer> readTokenizer)
    {
        ModelConfig config = ConfigFile.ReadModel(path);
        ImageProcessorConfig images = ImageProcessorConfig.Read(path);
        images = images with { DoImageSplitting = splitting ?? images.DoImageSplitting };
        Check(path, "max_image_size.longest_edge", config.Vision.ImageSize, images.TileSize);
        Check(path, "image_seq_len", config.ImageSequenceLength, images.ImageSeqLen);
        GenerationConfig generation = GenerationConfigFile.Read(path, config.Text);
        CheckpointFolder weights = CheckpointFolder.Open(weightsPath);
        VisionLanguageModel? model = null;
        try
        {
            PixelNormalisation pixels = new(
                [.. Enumerable.Range(0, config.Vision.ChannelCount).Select(images.NormalizationScale)],
                [.. Enumerable.Range(0, config.Vision.ChannelCount).Select(images.NormalizationOffset)]);
            model = new(backend, config, CheckpointWeights.Bind(weights, NameTable.For(config)), pixels);
            BpeTokenizer tokenizer = Fitting(readTokenizer(), config.Text, path);
            ImageLayout layout = ImageLayout.Load(path, notice);
            PromptBuilder prompts = new(tokenizer, layout, config.ImageSequenceLength, generation.PadTokenId ?? NoToken);
            Check(path, "image_token_id", prompts.ImageTokenId, config.ImageTokenId);
            return new ModelFolder(path, weights, model, new ImageProcessor(images), tokenizer, prompts, layout, generation);
        }
        catch
        {
            model?.Dispose();
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the model as it stands into an existing folder, with all that a chat needs: trainable tensors in float32, frozen ones
    /// as they were stored. A model with adapters writes these and what is trained beside them in place of its weights. Each file appears
    /// whole or not at all.
    /// </summary>
    public void Write(string folder, CancellationToken cancellation = default)
    {
        WriteSettings(folder, DType.F32);
        if (Model.Adapters is not null)
        {
            AdapterFolder.Write(Model, folder, System.IO.Path.GetFullPath(weights.Folder));
            return;
        }

        CheckpointWriter.Write(folder, Tensors(parameter => parameter.Trainable ? DType.F32 : parameter.StoredDType, cancellation));
    }

    /// <summary>The same with every tensor in one type, rounded to nearest even.</summary>
    /// <param name="folder">an existing folder</param>
    /// <param name="dtype">a float type</param>
    /// <param name="shardBytes">most bytes of tensors in a file</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces</param>
    public void WriteAs(string folder, DType dtype, long shardBytes, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        WriteSettings(folder, dtype);
        CheckpointWriter.Write(folder, Tensors(_ => dtype, cancellation), shardBytes, progress);
    }

    public void Dispose()
    {
        Model.Dispose();
        weights.Dispose();
        foreach (FileBytes file in tokenizerFiles.Values)
        {
            file.Dispose();
        }
    }

    /// <summary>All but the weights.</summary>
    private void WriteSettings(string folder, DType dtype)
    {
        if (images is null)
        {
            ConfigWriter.Write(folder, Model.TextConfig, dtype);
        }
        else
        {
            ConfigWriter.Write(folder, Model.Config, dtype);
            images.Config.Write(folder);
        }

        GenerationConfigFile.Write(folder, Generation);
        Sources?.Write(folder);
        foreach ((string name, FileBytes content) in tokenizerFiles)
        {
            AtomicFile.Write(System.IO.Path.Combine(folder, name), stream => stream.Write(content.Span));
        }
    }

    private TensorSource[] Tensors(Func<Parameter, DType> dtype, CancellationToken cancellation)
    {
        NameTable table = images is null ? NameTable.TextSource(Model.TextConfig) : NameTable.For(Model.Config);
        Dictionary<string, string> names = table.ToDictionary(name => name.Ours, name => name.HuggingFace);
        return [.. Model.Parameters.Select(parameter => Source(names[parameter.Name], parameter, dtype(parameter), cancellation))];
    }

    private TensorSource Source(string name, Parameter parameter, DType dtype, CancellationToken cancellation) =>
        dtype == parameter.Value.DType
            ? TensorSource.From(name, parameter.Value, cancellation)
            : new TensorSource(name, dtype, parameter.Shape, stream =>
            {
                using Tensor stored = Model.Backend.Allocate(dtype, parameter.Shape);
                Model.Backend.Copy(stored, parameter.Value);
                HostBytes.CopyTo(stored, stream, cancellation);
            });

    private static BpeTokenizer Fitting(BpeTokenizer tokenizer, TextConfig config, string path) =>
        tokenizer.VocabularySize <= config.VocabularySize
            ? tokenizer
            : throw new SmvlException(
                "the tokenizer has more tokens than the model", path, $"at most {config.VocabularySize}", $"{tokenizer.VocabularySize}",
                "tokenizer and weights must be of one model");

    private SmvlException TakesNone() =>
        new("a text model alone takes no picture", Path, hint: "splice a vision tower onto it, or ask without a picture");

    private static void Check(string path, string key, int expected, int actual)
    {
        if (expected != actual)
        {
            throw new SmvlException(
                $"{key} does not fit between model, tokenizer and picture settings", path, $"{expected}", $"{actual}", "the files must be of one model");
        }
    }
}
