using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary><c>load</c>, <c>tile</c>, <c>prompt512</c>, <c>generate</c>: what a chat waits for, one after the other.</summary>
internal static class InferenceWork
{
    private const int PromptTokens = 512;
    private const int ShortPromptTokens = 16;
    private const int NewTokens = 32;

    private static readonly Runs OnceFresh = new(WarmUps: 0, AtLeast: 1, AtMost: 1);
    private static readonly Runs ThreeTimes = new(WarmUps: 1, AtLeast: 3, AtMost: 3);

    /// <summary>Opening the folder, all files checked and the weights mapped, by a program that has just started.</summary>
    public static BenchmarkRow Load(string name, WorkBench bench)
    {
        ModelFolder? folder = null;
        Measurement opened = bench.Meter.Best(MachineLimit.None, OnceFresh, () => folder = bench.OpenModel());
        folder!.Dispose();
        return new BenchmarkRow(name, opened.Seconds, "s");
    }

    /// <summary>One tile through tower and connector.</summary>
    public static BenchmarkRow Tile(string name, WorkBench bench)
    {
        using ModelFolder folder = bench.OpenModel();
        VisionConfig vision = folder.Model.Config.Vision;
        using Tensor tiles = bench.Backend.Allocate(DType.U8, new Shape(1, vision.ChannelCount, vision.ImageSize, vision.ImageSize));
        bench.Backend.Upload<byte>(RandomInputs.Bytes((int)tiles.Count), tiles);
        Measurement best = bench.Meter.Best(MachineLimit.MultiplyAdds, ThreeTimes, () =>
        {
            (Tensor tower, Tensor rows) = folder.Model.EncodeTiles(tiles);
            tower.Dispose();
            rows.Dispose();
        });
        return BenchmarkRow.Time(name, best.Seconds, new ModelArithmetic(folder.Model).Tiles(1) / best.Limit);
    }

    /// <summary>A prompt of text into an empty cache, up to the logits behind its last token.</summary>
    public static BenchmarkRow Prompt(string name, WorkBench bench)
    {
        using ModelFolder folder = bench.OpenModel();
        Generator generator = new(folder.Model, endTokens: []);
        Prompt prompt = Text(folder.Model, PromptTokens);
        Measurement best = bench.Meter.Best(MachineLimit.MultiplyAdds, ThreeTimes, () =>
        {
            Generate(bench, generator, prompt, 1);
            return generator.PromptSeconds;
        });
        double limit = PromptTokens * best.Limit / new ModelArithmetic(folder.Model).Prompt(PromptTokens);
        return BenchmarkRow.Rate(name, PromptTokens / best.Seconds, "token/s", limit);
    }

    /// <summary>Tokens behind a short prompt, choosing the likeliest included; at best, every weight is read once for each.</summary>
    public static BenchmarkRow Generate(string name, WorkBench bench)
    {
        using ModelFolder folder = bench.OpenModel();
        Generator generator = new(folder.Model, endTokens: []);
        Prompt prompt = Text(folder.Model, ShortPromptTokens);
        Measurement best = bench.Meter.Best(MachineLimit.Read, ThreeTimes, () =>
        {
            // the first comes out of the prompt's pass
            Generate(bench, generator, prompt, NewTokens + 1);
            return generator.GenerationSeconds;
        });
        return BenchmarkRow.Rate(name, NewTokens / best.Seconds, "token/s", best.Limit / BytesPerToken(folder.Model));
    }

    private static Prompt Text(VisionLanguageModel model, int tokens) => new(RandomInputs.Ids(model.Config, tokens), [], 0);

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
        string head = model.Config.Text.TieWordEmbeddings ? "text.embedding" : "head";
        return model.Parameters
            .Where(p => p.Name == head || (p.Name.StartsWith("text.", StringComparison.Ordinal) && p.Name != "text.embedding"))
            .Sum(p => p.Value.ByteLength);
    }
}
