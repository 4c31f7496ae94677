using Smvl.Tensors.Cpu;

namespace Smvl.Benchmarks;

/// <summary>
/// The works that say how fast and how small this program is on this machine: the limits, the operations, and everything that a
/// user waits for. <c>smvl bench</c> shows them; bench/RESULTS.md records them.
/// </summary>
public static class BenchmarkSuite
{
    private const double Gibi = 1 << 30;

    /// <summary>In the order in which they are measured.</summary>
    public static IReadOnlyList<BenchmarkWork> Works { get; } =
    [
        Operation("limit.fma", LimitWork.MultiplyAdds),
        Operation("limit.read", LimitWork.Read),
        Operation("gemm.forward", ProductWork.Forward),
        Operation("gemm.dx", ProductWork.BackwardInput),
        Operation("gemm.dw", ProductWork.BackwardWeight),
        Operation("attention.causal", AttentionWork.Causal),
        Operation("attention.full", AttentionWork.Full),
        OnModel("tile", InferenceWork.Tile),
        OnModel("prompt512", InferenceWork.Prompt),
        OnModel("generate", InferenceWork.Generate),
        OnModel("chat", InferenceWork.Chat),
        OnModel("step.connector", StepWork.Connector),
        OnModel("step.connector.checkpointed", StepWork.Checkpointed),
        OnModel("step.full", StepWork.Full),
        OnModel("load", InferenceWork.Load),
        Operation("image", ImageWork.DecodeAndTile),
        Operation("tokenizer", TokenizerWork.Encode),
    ];

    /// <summary>Of all rows.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Works.Select(work => work.Name), .. Works.Where(work => work.RunsModel).Select(work => work.PeakName)];

    /// <summary>Rows of that name, or else those whose names begin with it and a dot; none where it is unknown.</summary>
    public static IReadOnlyList<string> Select(string name) =>
        Names.Contains(name) ? [name] : [.. Names.Where(each => each.StartsWith(name + ".", StringComparison.Ordinal))];

    /// <summary>Runs a work in this process.</summary>
    /// <param name="work">one of <see cref="Works"/></param>
    /// <param name="preset">extents</param>
    /// <param name="threads">cores to use; null: SMVL_THREADS, else all</param>
    /// <param name="model">only a work that runs no model does without</param>
    /// <param name="cancellation">stops the work</param>
    /// <returns>its row, and its peak's where it has one and the system tells it</returns>
    /// <exception cref="SmvlException">a folder that cannot be opened, or too little memory</exception>
    public static IReadOnlyList<BenchmarkRow> Run(
        BenchmarkWork work, BenchmarkPreset preset, int? threads, BenchmarkSource? model, CancellationToken cancellation = default)
    {
        if (work.RunsModel)
        {
            ArgumentNullException.ThrowIfNull(model);
        }

        using CpuBackend backend = new(threads);
        using MachineLimits limits = new(backend.Threads);
        Meter meter = new(limits, cancellation);
        BenchmarkRow row = work.Measure(work.Name, new WorkBench(preset.Extents, backend, meter, model, cancellation));
        return work.RunsModel && meter.PeakBytes is { } peak ? [row, new BenchmarkRow(work.PeakName, peak / Gibi, "GiB")] : [row];
    }

    private static BenchmarkWork Operation(string name, MeasureWork measure) => new(name, runsModel: false, measure);

    private static BenchmarkWork OnModel(string name, MeasureWork measure) => new(name, runsModel: true, measure);
}
