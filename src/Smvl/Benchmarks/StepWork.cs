using Smvl.Data;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Optimizers;

namespace Smvl.Benchmarks;

/// <summary>
/// <c>step.*</c>: one fine-tuning step of one sample, a picture and 200 text tokens: loss and gradients, clipping norm, AdamW. A step
/// before it makes the buffers.
/// </summary>
internal static class StepWork
{
    private const int ManyTiles = 17;
    private const int TextTokens = 200, TextBeforePicture = 10;
    private const double Gibi = 1 << 30;

    // more than the second where they are short: a GPU's first few steps record what later ones repeat
    private static readonly Runs Second = new(WarmUps: 1, AtLeast: 1, AtMost: 8);

    /// <summary>Connector only, the rest frozen in BF16, 17 tiles.</summary>
    public static BenchmarkRow Connector(string name, WorkBench bench) => Measure(name, bench, FreezePolicy.Connector, ManyTiles, checkpointing: false);

    /// <summary>The same with gradient_checkpointing.</summary>
    public static BenchmarkRow Checkpointed(string name, WorkBench bench) => Measure(name, bench, FreezePolicy.Connector, ManyTiles, checkpointing: true);

    /// <summary>Everything trains, one tile.</summary>
    public static BenchmarkRow Full(string name, WorkBench bench) => Measure(name, bench, FreezePolicy.Full, tiles: 1, checkpointing: false);

    private static BenchmarkRow Measure(string name, WorkBench bench, FreezePolicy freeze, int tiles, bool checkpointing)
    {
        using ModelFolder folder = bench.OpenFolder();
        VisionLanguageModel model = folder.Model;
        model.GradientCheckpointing = checkpointing;
        if (bench.Backend is CpuBackend)
        {
            CheckMemory(name, model, freeze);
        }

        model.Unfreeze(parameter => freeze.Trains(parameter));
        model.NarrowFrozen();
        TrainingArguments arguments = TrainingArguments.FromCommandLine("--learning_rate", "1e-4");
        using Optimizer optimizer = new(model, arguments);
        Sample sample = Sample(model, tiles);
        using Batch batch = new([sample], model.Config.ImageTokenId);
        int step = 0;
        Measurement best = bench.Meter.Best(MachineLimit.MultiplyAdds, Second, () =>
        {
            optimizer.ZeroGradients();
            model.LossAndGradients(batch, 1.0 / sample.TargetCount, bench.Cancellation);
            double norm = optimizer.GradientNorm();
            optimizer.Update(1, ++step, (float)Math.Min(1, arguments.MaxGradNorm / norm));
        });
        double operations = new ModelArithmetic(model).Step(freeze == FreezePolicy.Full, tiles, sample.Ids.Length, sample.TargetCount);
        return BenchmarkRow.Time(name, best.Seconds, operations / best.Limit);
    }

    private static Sample Sample(VisionLanguageModel model, int tiles)
    {
        ModelConfig config = model.Config;
        int[] text = RandomInputs.Ids(model, TextTokens);
        int[] rows = new int[tiles * config.ImageSequenceLength];
        int[] ignored = new int[rows.Length];
        Array.Fill(rows, config.ImageTokenId);
        Array.Fill(ignored, Batch.Ignored);
        return new Sample(
            [.. text[..TextBeforePicture], .. rows, .. text[TextBeforePicture..]],
            [.. text[..TextBeforePicture], .. ignored, .. text[TextBeforePicture..]],
            NativeBytes.Of(RandomInputs.Bytes(tiles * config.Vision.ChannelCount * config.Vision.ImageSize * config.Vision.ImageSize)),
            tiles);
    }

    /// <summary>Masters, gradients and two moments must fit, or the system ends the process; a GPU says itself when they do not.</summary>
    private static void CheckMemory(string name, VisionLanguageModel model, FreezePolicy freeze)
    {
        const int Floats = 4;
        double needed = Floats * sizeof(float) * (double)model.Parameters.Where(p => freeze.Trains(p)).Sum(p => p.Shape.Count);
        double available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > available)
        {
            throw new SmvlException(
                "the machine has too little memory for this work", name, FormattableString.Invariant($"more than {needed / Gibi:F1} GiB"),
                FormattableString.Invariant($"{available / Gibi:F1} GiB"), "leave it out with --only");
        }
    }
}
