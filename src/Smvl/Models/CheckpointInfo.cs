using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>One part of a checkpoint: its parameters, their bytes as stored, and the element types they are stored in.</summary>
public sealed record PartInfo(ModelPart Part, long Parameters, long Bytes, IReadOnlyList<DType> DTypes);

/// <summary>A special token: what the configuration uses it for, its id, and its text where the tokenizer files tell it.</summary>
public sealed record TokenInfo(string Role, int Id, string? Text);

/// <summary>
/// What a checkpoint folder or a GGUF pair holds: read from its configuration and the headers of its weights, after the same strict checks as
/// before training. A head tied to the embedding counts once, as text, even where a copy of it is stored.
/// </summary>
public sealed record CheckpointInfo
{
    public required CheckpointKind Kind { get; init; }

    /// <summary>Null for a text model alone.</summary>
    public VisionConfig? Vision { get; init; }

    public required TextConfig Text { get; init; }

    /// <summary>Null for a text model alone.</summary>
    public int? ScaleFactor { get; init; }

    /// <summary>Rows of a tile; null for a text model alone.</summary>
    public int? ImageSequenceLength { get; init; }

    /// <summary>What stands around image rows; null for a folder that is not spliced, and for GGUF files, which have llama.cpp's.</summary>
    public ImageLayout? Layout { get; init; }

    /// <summary>Image markers that are tokens made for this model: <see cref="ImageLayout.MarkerTokens"/>.</summary>
    public int Markers { get; init; }

    /// <summary>The parts that the folder has.</summary>
    public required IReadOnlyList<PartInfo> Parts { get; init; }

    public required IReadOnlyList<TokenInfo> Tokens { get; init; }

    /// <summary>Length of the weight files.</summary>
    public required long FileBytes { get; init; }

    public required int FileCount { get; init; }

    public long Parameters => Parts.Sum(part => part.Parameters);

    /// <summary>What connector training, the default, trains: the connector, and the rows of <see cref="Markers"/> in embedding and head.</summary>
    public long TrainableParameters =>
        Parts.Where(part => part.Part == ModelPart.Connector).Sum(part => part.Parameters) + ((long)Markers * Text.HiddenSize * (Text.TieWordEmbeddings ? 1 : 2));

    /// <exception cref="SmvlException">not a checkpoint of a known kind, or weights that do not fit the configuration</exception>
    public static CheckpointInfo Read(string folder)
    {
        CheckpointKind kind = ConfigFile.Kind(folder);
        if (kind == CheckpointKind.Qwen3)
        {
            TextConfig text = ConfigFile.ReadTextSource(folder);
            return Describe(folder, kind, text, NameTable.TextSource(text), model: null);
        }

        ModelConfig model = kind == CheckpointKind.Spliced ? ConfigFile.ReadModel(folder) : ConfigFile.ReadSmolVlm(folder);
        NameTable table = kind == CheckpointKind.Spliced ? NameTable.For(model) : NameTable.SmolVlm(model);
        return Describe(folder, kind, model.Text, table, model);
    }

    /// <summary>The same for a text model's GGUF file and its mmproj.</summary>
    /// <param name="path">the text model</param>
    /// <param name="projectorPath">the mmproj; null for the text model alone</param>
    /// <exception cref="SmvlException">not such files, or files that are not of one model</exception>
    public static CheckpointInfo ReadGguf(string path, string? projectorPath)
    {
        using GgufPair files = GgufPair.Open(path, projectorPath);
        BpeTokenizer tokenizer = GgufTokenizer.Read(files.TextFile.Metadata);
        string[] paths = projectorPath is null ? [path] : [path, projectorPath];
        int? imageTokenId = files.Whole is null ? null : tokenizer.AddedTokens.FirstOrDefault(token => token.Content == ImageLayout.Image)?.Id;
        return new CheckpointInfo
        {
            Kind = files.Whole is null ? CheckpointKind.Qwen3 : CheckpointKind.Spliced,
            Vision = files.Whole?.Vision,
            Text = files.Text,
            ScaleFactor = files.Whole?.ScaleFactor,
            ImageSequenceLength = files.Whole?.ImageSequenceLength,
            Parts = PartsOf(files.Names, files.Weights),
            Tokens = SpecialTokens(tokenizer, GgufModel.GenerationOf(files.Text, tokenizer), imageTokenId),
            FileBytes = paths.Sum(file => FileLength.Of(file)),
            FileCount = paths.Length,
        };
    }

    private static CheckpointInfo Describe(string folder, CheckpointKind kind, TextConfig text, NameTable table, ModelConfig? model)
    {
        // a SmolVLM's own tokenizer is of another kind; a source may come without one
        bool readable = kind != CheckpointKind.SmolVlm && File.Exists(Path.Combine(folder, TokenizerConfig.FileName));
        BpeTokenizer? tokenizer = readable ? TokenizerFiles.Load(folder) : null;
        ImageLayout? layout = kind == CheckpointKind.Spliced ? ImageLayout.Load(folder) : null;
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        IReadOnlyDictionary<string, Tensor> bound = CheckpointWeights.Bind(weights, table);
        return new CheckpointInfo
        {
            Kind = kind,
            Vision = model?.Vision,
            Text = text,
            ScaleFactor = model?.ScaleFactor,
            ImageSequenceLength = model?.ImageSequenceLength,
            Layout = layout,
            Markers = tokenizer is null ? 0 : layout?.MarkerTokens(tokenizer).Count ?? 0,
            Parts = PartsOf(table, bound),
            Tokens = SpecialTokens(tokenizer, GenerationConfigFile.Read(folder, text), model?.ImageTokenId),
            FileBytes = weights.Files.Sum(file => FileLength.Of(file)),
            FileCount = weights.Files.Count,
        };
    }

    private static IReadOnlyList<PartInfo> PartsOf(NameTable table, IReadOnlyDictionary<string, Tensor> weights) =>
        [.. table.GroupBy(NameTable.PartOf).Select(rows => Count(rows.Key, [.. rows.Select(row => weights[row.Ours])]))];

    private static PartInfo Count(ModelPart part, IReadOnlyList<Tensor> tensors) => new(
        part,
        tensors.Sum(tensor => tensor.Count),
        tensors.Sum(tensor => tensor.ByteLength),
        [.. tensors.Select(tensor => tensor.DType).Distinct().Order()]);

    private static List<TokenInfo> SpecialTokens(BpeTokenizer? tokenizer, GenerationConfig generation, int? imageTokenId)
    {
        var tokens = new List<TokenInfo>();
        Add("image", imageTokenId);
        Add("bos", generation.BosTokenId);
        foreach (int eos in generation.EosTokenIds)
        {
            Add("eos", eos);
        }

        Add("pad", generation.PadTokenId);
        return tokens;

        void Add(string role, int? id)
        {
            if (id is int known)
            {
                tokens.Add(new TokenInfo(role, known, tokenizer?.IdToToken(known)));
            }
        }
    }
}
