using Smvl.Formats.Gguf;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Quantization;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>
/// Reads an export again and holds it against the folder that it was made of: every tensor, the extents, the vocabulary, and what both
/// say to the same prompts, one of them with a picture of one tile.
/// </summary>
public static class GgufVerifier
{
    private const int NewTokens = 16;

    private static readonly string[] Questions = ["图中有什么动物？它们在做什么？", "Describe the picture: colours, places, numbers 1, 2, 3.", "for (int i = 0; i < 10; i++) 🦦 naïve café\n\n"];

    /// <param name="source">the folder, opened</param>
    /// <param name="files">what was written</param>
    /// <param name="options">what was asked for</param>
    /// <param name="progress">gets the share done, 0 to 1: the tensors are a half, the answers the other</param>
    /// <param name="cancellation">heard between rows and between blocks of the models</param>
    /// <exception cref="SmvlException">a mismatch, or answers further apart than the type explains</exception>
    public static TokenDivergence Verify(
        ModelFolder source, GgufPaths files, GgufExportOptions options, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        CompareTensors(source, files, share => progress?.Invoke(share / 2), cancellation);
        using GgufModel written = GgufModel.Open(files.Text, files.Projector, source.Model.Backend);
        CompareExtents(source, written, files);
        CompareVocabulary(source, written, files.Text);
        TokenDivergence result = ModelComparison.Compare(
            source.Model, written.Model, Prompts(source, written, cancellation), share => progress?.Invoke(0.5 + (share / 2)), cancellation).All;
        double bound = Math.Max(Bound(options.Type), Bound(options.EffectiveProjectorType));
        return result.LargestDifference <= bound
            ? result
            : throw new SmvlException(
                "the written model answers otherwise than its source", files.Text, $"log-probabilities within {bound}", $"{result.LargestDifference:g3} apart",
                $"the likeliest token is the same at {result.Agreeing} of {result.Positions} places");
    }

    /// <summary>
    /// What rounding to a type may change of the logarithm of a likely token's probability; measured on random full-size weights (see
    /// docs/gguf.md) with room for sharper distributions.
    /// </summary>
    public static double Bound(FileType type) =>
        type == FileType.F32 ? 0.01
        : type == FileType.F16 ? 0.1
        : type == FileType.Q8_0 ? 1
        : 5;

    private static void CompareTensors(ModelFolder source, GgufPaths files, Action<double> progress, CancellationToken cancellation)
    {
        using GgufFile text = GgufFile.Open(files.Text), projector = GgufFile.Open(files.Projector);
        Dictionary<string, Parameter> parameters = source.Model.Parameters.ToDictionary(parameter => parameter.Name);
        NameTable names = NameTable.For(source.Model.Config);
        double total = parameters.Values.Sum(parameter => parameter.Shape.Count);
        long compared = 0;
        foreach (TensorName row in names)
        {
            GgufFile file = row.IsInProjectorFile ? projector : text;
            Tensor stored = file.Tensors.TryGetValue(row.Gguf, out Tensor? found)
                ? found
                : throw new SmvlException($"tensor {row.Gguf} is missing", file.Path);
            GgufTensorCheck.Compare(file.Path, row.Gguf, stored, parameters[row.Ours].Value, cancellation);
            progress((compared += stored.Count) / total);
        }

        if (text.Tensors.Count + projector.Tensors.Count != names.Count)
        {
            throw new SmvlException("tensors too many", files.Text, $"{names.Count}", $"{text.Tensors.Count + projector.Tensors.Count}");
        }
    }

    private static void CompareExtents(ModelFolder source, GgufModel written, GgufPaths files)
    {
        // ids are compared by what they are for, numbers as GGUF holds them
        ModelConfig Comparable(ModelConfig config, GenerationConfig ids) => config with
        {
            Text = config.Text with
            {
                RmsNormEpsilon = (float)config.Text.RmsNormEpsilon,
                RopeTheta = (float)config.Text.RopeTheta,
                BosTokenId = ids.BosTokenId,
                PadTokenId = ids.PadTokenId,
                EosTokenIds = [],
            },
            Vision = config.Vision with { LayerNormEpsilon = (float)config.Vision.LayerNormEpsilon },
        };

        (ModelConfig expected, ModelConfig actual) = (Comparable(source.Model.Config, source.Generation), Comparable(written.Model.Config, written.Generation));
        if (expected != actual)
        {
            throw new SmvlException("extents or special ids are not the source's", files.Text, $"{expected}", $"{actual}");
        }

        if (written.Generation.EosTokenIds[0] != source.Generation.EosTokenIds[0])
        {
            throw new SmvlException("the end token is not the source's", files.Text, $"{source.Generation.EosTokenIds[0]}", $"{written.Generation.EosTokenIds[0]}");
        }
    }

    private static void CompareVocabulary(ModelFolder source, GgufModel written, string file)
    {
        int renamed = 0;
        for (int id = 0; id < source.Model.Config.Text.VocabularySize; id++)
        {
            (string? expected, string? actual) = (source.Tokenizer.IdToToken(id), written.Tokenizer.IdToToken(id));
            if (expected == actual)
            {
                continue;
            }

            bool isMarker = actual == ImageLayout.Tokens.Fake || actual == ImageLayout.Tokens.Global;
            if (!isMarker || ++renamed > 2)
            {
                throw new SmvlException($"token {id} is not the source's", file, $"'{expected}'", $"'{actual}'");
            }
        }

        foreach (string text in Questions)
        {
            (int[] expected, int[] actual) = (source.Tokenizer.Encode(text), written.Tokenizer.Encode(text));
            if (!expected.SequenceEqual(actual))
            {
                throw new SmvlException("a text has other ids than at its source", file, string.Join(' ', expected), string.Join(' ', actual));
            }
        }
    }

    /// <summary>Laid out as mtmd does, which the source's model can read as well, each with what the source answers.</summary>
    private static (Prompt Prompt, bool HasPicture)[] Prompts(ModelFolder source, GgufModel written, CancellationToken cancellation)
    {
        int edge = source.Model.Config.Vision.ImageSize;
        ProcessedImage picture = new MtmdImageProcessor(edge, longestEdge: null).Process(Pattern(edge));
        int[] ids = written.Prompts.Chat([new ChatMessage("user", [ContentPart.Image, new(Questions[0])])], [new ImageGrid(picture.Rows, picture.Cols)], enableThinking: false);
        return
        [
            .. Questions.Select(question => (
                Answered(new Prompt(written.Prompts.Chat([ChatMessage.FromText("user", question)], [], enableThinking: false), [], 0)), false)),
            (Answered(new Prompt(ids, [picture.Tiles], picture.TileCount)), true),
        ];

        Prompt Answered(Prompt prompt)
        {
            IEnumerable<GeneratedToken> answer = new Generator(source.Model, endTokens: []).Generate(prompt, new SamplingOptions(), NewTokens, cancellation: cancellation);
            return prompt with { Ids = [.. prompt.Ids, .. answer.Select(token => token.Id)] };
        }
    }

    /// <summary>A picture without repetition: three slopes and a ripple.</summary>
    private static RgbImage Pattern(int edge)
    {
        byte[] pixels = new byte[edge * edge * RgbImage.Channels];
        for (int y = 0; y < edge; y++)
        {
            for (int x = 0; x < edge; x++)
            {
                int at = ((y * edge) + x) * RgbImage.Channels;
                pixels[at] = (byte)(255 * x / edge);
                pixels[at + 1] = (byte)(255 * y / edge);
                pixels[at + 2] = (byte)(127.5 * (1 + Math.Sin(x * y * 20.0 / (edge * edge))));
            }
        }

        return new RgbImage(edge, edge, pixels);
    }
}
