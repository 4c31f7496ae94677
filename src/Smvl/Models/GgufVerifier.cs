using Smvl.Formats.Gguf;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Quantization;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>How far an export's answers are from its folder's.</summary>
/// <param name="LargestDifference">of the natural logarithms of a token's probability, among the likeliest ten at each place</param>
/// <param name="Agreeing">places where the likeliest token is the same</param>
/// <param name="Places">places compared</param>
public sealed record GgufVerification(double LargestDifference, int Agreeing, int Places);

/// <summary>
/// Reads an export again and holds it against the folder that it was made of: every tensor, the extents, the vocabulary, and what both
/// say to the same prompts, one of them with a picture of one tile.
/// </summary>
public static class GgufVerifier
{
    private const int Likeliest = 10, NewTokens = 16;

    private static readonly string[] Questions = ["图中有什么动物？它们在做什么？", "Describe the picture: colours, places, numbers 1, 2, 3.", "for (int i = 0; i < 10; i++) 🦦 naïve café\n\n"];

    /// <param name="source">the folder, opened</param>
    /// <param name="files">what was written</param>
    /// <param name="options">what was asked for</param>
    /// <param name="cancellation">heard between blocks of the model</param>
    /// <exception cref="SmvlException">a mismatch, or answers further apart than the type explains</exception>
    public static GgufVerification Verify(ModelFolder source, GgufPaths files, GgufExportOptions options, CancellationToken cancellation = default)
    {
        CompareTensors(source, files, cancellation);
        using GgufModel written = GgufModel.Open(files.Text, files.Projector, source.Model.Backend);
        CompareExtents(source, written, files);
        CompareVocabulary(source, written, files.Text);
        GgufVerification result = CompareAnswers(source, written, cancellation);
        double bound = Math.Max(Bound(options.Type), Bound(options.EffectiveProjectorType));
        return result.LargestDifference <= bound
            ? result
            : throw new SmvlException(
                "the written model answers otherwise than its source", files.Text, $"log-probabilities within {bound}", $"{result.LargestDifference:g3} apart",
                $"the likeliest token is the same at {result.Agreeing} of {result.Places} places");
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

    private static void CompareTensors(ModelFolder source, GgufPaths files, CancellationToken cancellation)
    {
        using GgufFile text = GgufFile.Open(files.Text), projector = GgufFile.Open(files.Projector);
        Dictionary<string, Parameter> parameters = source.Model.Parameters.ToDictionary(parameter => parameter.Name);
        NameTable names = NameTable.For(source.Model.Config);
        foreach (TensorName row in names)
        {
            GgufFile file = row.IsInProjectorFile ? projector : text;
            Tensor stored = file.Tensors.TryGetValue(row.Gguf, out Tensor? found)
                ? found
                : throw new SmvlException($"tensor {row.Gguf} is missing", file.Path);
            GgufTensorCheck.Compare(file.Path, row.Gguf, stored, parameters[row.Ours].Value, cancellation);
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

    private static GgufVerification CompareAnswers(ModelFolder source, GgufModel written, CancellationToken cancellation)
    {
        var result = new GgufVerification(0, 0, 0);
        int width = source.Model.Config.Text.VocabularySize;
        float[] expected = new float[width], actual = new float[width];
        foreach (Prompt prompt in Prompts(source, written))
        {
            using PromptCache ours = new(source.Model, SessionLimits.None), theirs = new(written.Model, SessionLimits.None);
            ours.Read(prompt, NewTokens, expected, cancellation);
            theirs.Read(prompt, NewTokens, actual, cancellation);
            result = Compare(result, expected, actual, out int next);
            for (int made = 1; made < NewTokens; made++)
            {
                // both go on with the source's token
                ours.Append(next, expected, cancellation);
                theirs.Append(next, actual, cancellation);
                result = Compare(result, expected, actual, out next);
            }
        }

        return result;
    }

    /// <summary>Laid out as mtmd does, which the source's model can read as well; a picture of one tile costs two encodings.</summary>
    private static IEnumerable<Prompt> Prompts(ModelFolder source, GgufModel written)
    {
        foreach (string question in Questions)
        {
            yield return new Prompt(written.Prompts.Chat([ChatMessage.FromText("user", question)], [], enableThinking: false), [], 0);
        }

        int edge = source.Model.Config.Vision.ImageSize;
        ProcessedImage picture = new MtmdImageProcessor(edge, longestEdge: null).Process(Pattern(edge));
        int[] ids = written.Prompts.Chat([new ChatMessage("user", [ContentPart.Image, new(Questions[0])])], [new ImageGrid(picture.Rows, picture.Cols)], enableThinking: false);
        yield return new Prompt(ids, [picture.Tiles], picture.TileCount);
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

    /// <summary>One place more.</summary>
    private static GgufVerification Compare(GgufVerification sofar, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, out int likeliest)
    {
        double largest = sofar.LargestDifference;
        (int Id, float LogProbability)[] top = Sampler.TopLogProbabilities(expected, Likeliest);
        foreach ((int id, float logProbability) in top)
        {
            largest = Math.Max(largest, Math.Abs(logProbability - Sampler.LogProbability(actual, id)));   // keeps a NaN
        }

        likeliest = top[0].Id;
        bool agrees = Sampler.TopLogProbabilities(actual, 1)[0].Id == likeliest;
        return new GgufVerification(largest, sofar.Agreeing + (agrees ? 1 : 0), sofar.Places + 1);
    }
}
