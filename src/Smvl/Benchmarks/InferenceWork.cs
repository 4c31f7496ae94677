using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Benchmarks;

/// <summary><c>load</c>, <c>tile</c>, <c>prompt512</c>, <c>generate</c>, <c>chat</c>: what a chat waits for, one after the other.</summary>
internal static class InferenceWork
{
    private const int PromptTokens = 512;
    private const int ShortPromptTokens = 16;
    private const int NewTokens = 32;

    private static readonly Runs OnceFresh = new(WarmUps: 0, AtLeast: 1, AtMost: 1);
    private static readonly Runs ThreeTimes = new(WarmUps: 1, AtLeast: 3, AtMost: 3);

    /// <summary>Opening the model, all files checked and the weights mapped (quantized ones laid out), by a program that has just started.</summary>
    public static BenchmarkRow Load(string name, WorkBench bench)
    {
        IChatModel? opened = null;
        Measurement once = bench.Meter.Best(MachineLimit.None, OnceFresh, () => opened = bench.OpenModel());
        opened!.Dispose();
        return new BenchmarkRow(name, once.Seconds, "s");
    }

    /// <summary>One tile through tower and connector.</summary>
    public static BenchmarkRow Tile(string name, WorkBench bench)
    {
        using IChatModel opened = bench.OpenModel();
        VisionConfig vision = Vision(name, opened);
        using Tensor tiles = bench.Backend.Allocate(DType.U8, new Shape(1, vision.ChannelCount, vision.ImageSize, vision.ImageSize));
        bench.Backend.Upload<byte>(RandomInputs.Bytes((int)tiles.Count), tiles);
        Measurement best = bench.Meter.Best(MachineLimit.MultiplyAdds, ThreeTimes, () =>
        {
            (Tensor tower, Tensor rows) = opened.Model.EncodeTiles(tiles);
            tower.Dispose();
            rows.Dispose();
        });
        return BenchmarkRow.Time(name, best.Seconds, new ModelArithmetic(opened.Model).Tiles(1) / best.Limit);
    }

    /// <summary>A prompt of text into an empty cache, up to the logits behind its last token.</summary>
    public static BenchmarkRow Prompt(string name, WorkBench bench)
    {
        using IChatModel opened = bench.OpenModel();
        Generator generator = new(opened.Model, endTokens: [], opened.Limits.CacheType);
        Prompt prompt = Text(opened.Model, PromptTokens);
        Measurement best = bench.Meter.Best(MachineLimit.MultiplyAdds, ThreeTimes, () =>
        {
            Generate(bench, generator, prompt, 1);
            return generator.PromptSeconds;
        });
        double? limit = PromptTokens * best.Limit / new ModelArithmetic(opened.Model).Prompt(PromptTokens);
        return BenchmarkRow.Rate(name, PromptTokens / best.Seconds, "token/s", limit);
    }

    /// <summary>Tokens behind a short prompt, choosing the likeliest included; at best, every weight is read once for each.</summary>
    public static BenchmarkRow Generate(string name, WorkBench bench)
    {
        using IChatModel opened = bench.OpenModel();
        Generator generator = new(opened.Model, endTokens: [], opened.Limits.CacheType);
        Prompt prompt = Text(opened.Model, ShortPromptTokens);
        Measurement best = bench.Meter.Best(MachineLimit.Read, ThreeTimes, () =>
        {
            // the first comes out of the prompt's pass
            Generate(bench, generator, prompt, NewTokens + 1);
            return generator.GenerationSeconds;
        });
        return BenchmarkRow.Rate(name, NewTokens / best.Seconds, "token/s", best.Limit / BytesPerToken(opened.Model));
    }

    /// <summary>
    /// A question about a picture of one tile's size, answered until the context is full: the time to the first token, and, as its
    /// peak, what such a chat needs.
    /// </summary>
    public static BenchmarkRow Chat(string name, WorkBench bench)
    {
        using IChatModel opened = bench.OpenModel();
        int edge = Vision(name, opened).ImageSize;
        using RgbImage picture = new(edge, edge, RandomInputs.Bytes(edge * edge * RgbImage.Channels));
        ProcessedImage processed = opened.Images.Process(picture);
        int[] ids = opened.Prompts.Chat([new ChatMessage("user", [ContentPart.Image, new ContentPart("图中有什么？")])], [new ImageGrid(processed.Rows, processed.Cols)]);
        if (ids.Length >= PromptTokens)
        {
            throw new SmvlException(
                "a picture of one tile's size takes the whole context", name, $"fewer than {PromptTokens} tokens", $"{ids.Length}", "export with --tiles off");
        }

        Generator generator = new(opened.Model, endTokens: [], opened.Limits.CacheType);
        Prompt prompt = new(ids, [processed.Tiles], processed.TileCount);
        Measurement once = bench.Meter.Best(MachineLimit.None, OnceFresh, () =>
        {
            Generate(bench, generator, prompt, PromptTokens - ids.Length);
            return generator.PromptSeconds;
        });
        return new BenchmarkRow(name, once.Seconds, "s");
    }

    private static VisionConfig Vision(string name, IChatModel opened) => opened.Model.TakesPictures
        ? opened.Model.Config.Vision
        : throw new SmvlException("a text model alone has no tower", name, hint: "name its vision tower with --mmproj FILE, or leave it out with --only");

    private static Prompt Text(VisionLanguageModel model, int tokens) => new(RandomInputs.Ids(model, tokens), [], 0);

    private static void Generate(WorkBench bench, Generator generator, Prompt prompt, int tokens)
    {
        foreach (GeneratedToken unused in generator.Generate(prompt, new SamplingOptions(), tokens, cancellation: bench.Cancellation))
        {
            bench.Cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The decoder's weights and the head's; of an embedding that is not the head, one row is read.</summary>
    private static long BytesPerToken(VisionLanguageModel model)
    {
        string head = model.TextConfig.TieWordEmbeddings ? "text.embedding" : "head";
        return model.Parameters
            .Where(p => p.Name == head || (p.Name.StartsWith("text.", StringComparison.Ordinal) && p.Name != "text.embedding"))
            .Sum(p => p.Value.ByteLength);
    }
}
