using Smvl.Formats.Gguf;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>
/// A text model's GGUF file, opened, with an mmproj file for pictures or without: what llama.cpp runs, and run as it does, from the
/// tiles of a picture to the tokens around them. Weights are mapped from the files, which stay open until this is disposed.
/// </summary>
public sealed class GgufModel : IChatModel
{
    /// <summary>Nothing is labelled here, so nothing is left out of labels.</summary>
    private const int NoToken = -1;

    private readonly GgufPair files;

    private GgufModel(GgufPair files, VisionLanguageModel model, BpeTokenizer tokenizer, IImageTiler images, PromptBuilder prompts)
    {
        this.files = files;
        Model = model;
        Tokenizer = tokenizer;
        Images = images;
        Prompts = prompts;
        Generation = GenerationOf(files.Text, tokenizer);
    }

    public VisionLanguageModel Model { get; }

    public BpeTokenizer Tokenizer { get; }

    public IImageTiler Images { get; }

    public PromptBuilder Prompts { get; }

    public GenerationConfig Generation { get; }

    /// <summary>Keys and values in F16 beside quantized weights, as in llama.cpp; F32 beside others, whose numbers are exact.</summary>
    public SessionLimits Limits => new() { CacheType = files.Weights.Values.Any(tensor => tensor.DType.IsQuantized()) ? DType.F16 : DType.F32 };

    /// <param name="path">the text model</param>
    /// <param name="projectorPath">the mmproj with its vision tower and connector; null for text only</param>
    /// <param name="backend">where the model runs</param>
    /// <exception cref="SmvlException">a file missing or damaged, of another kind of model, or files that are not of one model</exception>
    public static GgufModel Open(string path, string? projectorPath, Backend backend)
    {
        GgufPair files = GgufPair.Open(path, projectorPath);
        VisionLanguageModel? model = null;
        Task<BpeTokenizer>? reading = null;
        try
        {
            ChatFormat format = ChatFormat.OfGguf(files.TextFile.Metadata.OptionalText(GgufKeys.Tokenizer.ChatTemplate), path);
            reading = Task.Run(() => GgufTokenizer.Read(files.TextFile.Metadata));
            if (files.Whole is null)
            {
                // a short question waits for little else, so the vocabulary is read beside the weights
                model = new(backend, files.Text, files.Weights);
            }

            BpeTokenizer tokenizer = reading.GetAwaiter().GetResult();
            PromptBuilder prompts = new(tokenizer, ImageLayout.Tokens, files.Whole?.ImageSequenceLength ?? 0, NoToken, format);
            if (files.Whole is not ModelConfig whole)
            {
                return new GgufModel(files, model!, tokenizer, new NoPictures(() => NoProjector(path)), prompts);
            }

            GgufMetadata projector = files.ProjectorFile!.Metadata;
            model = new(backend, whole with { ImageTokenId = prompts.ImageTokenId }, files.Weights, GgufConfigReader.ReadPixels(projector));
            string[] lacking = Lacking(tokenizer);
            IImageTiler images = lacking.Length == 0
                ? new MtmdImageProcessor(whole.Vision.ImageSize, GgufConfigReader.LongestEdge(projector))
                : new NoPictures(() => NoMarkers(path, lacking));
            return new GgufModel(files, model, tokenizer, images, prompts);
        }
        catch
        {
            if (reading is not null)
            {
                Task.WaitAny(reading);   // nothing reads in the file any more
            }

            model?.Dispose();
            files.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        files.Dispose();
    }

    /// <summary>
    /// Greedy, as the files name no sampling; ended by the file's end token and by the two that end Qwen's turns and texts, which llama.cpp
    /// takes for ends too.
    /// </summary>
    internal static GenerationConfig GenerationOf(TextConfig text, BpeTokenizer tokenizer) => new()
    {
        BosTokenId = text.BosTokenId,
        EosTokenIds =
        [
            .. text.EosTokenIds
                .Concat(tokenizer.AddedTokens.Where(token => token.Content is QwenTokens.MessageEnd or QwenTokens.EndOfText).Select(token => token.Id))
                .Distinct(),
        ],
        PadTokenId = text.PadTokenId,
    };

    /// <summary>The pieces around a picture that are no single token; mtmd inserts them as such.</summary>
    private static string[] Lacking(BpeTokenizer tokenizer) =>
    [
        .. ((string[])[ImageLayout.Tokens.Fake, ImageLayout.Tokens.Global]).Where(marker => tokenizer.AddedTokens.All(token => token.Content != marker)),
        .. ((string[])["\n", "\n\n"]).Where(breaks => tokenizer.Encode(breaks).Length != 1).Select(breaks => breaks.Replace("\n", "\\n", StringComparison.Ordinal)),
    ];

    private static SmvlException NoProjector(string path) =>
        new("a text model alone takes no picture", path, hint: "name its vision tower with --mmproj FILE, or ask without a picture");

    private static SmvlException NoMarkers(string path, string[] lacking) => new(
        "the vocabulary lacks tokens that stand around a picture", path, actual: $"no {string.Join(", ", lacking)}",
        hint: "export the model anew, or ask without a picture");
}
