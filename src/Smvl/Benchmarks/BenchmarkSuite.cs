using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

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
        OnCpu("limit.fma", "it is what the CPU can do", LimitWork.MultiplyAdds),
        OnCpu("limit.read", "it is what the CPU can do", LimitWork.Read),
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
        OnCpu("image", "the CPU decodes pictures and cuts them, whatever computes the rest", ImageWork.DecodeAndTile),
        OnCpu("tokenizer", "the CPU makes a text's tokens, whatever computes the rest", TokenizerWork.Encode),
    ];

    /// <summary>Of all rows.</summary>
    public static IReadOnlyList<string> Names { get; } = NamesOf(Works);

    /// <summary>Of the rows that a GPU has too.</summary>
    public static IReadOnlyList<string> GpuNames { get; } = NamesOf([.. Works.Where(work => work.OnlyOnCpu is null)]);

    /// <summary>Rows of that name, or else those whose names begin with it and a dot; none where it is unknown.</summary>
    public static IReadOnlyList<string> Select(string name) =>
        Names.Contains(name) ? [name] : [.. Names.Where(each => each.StartsWith(name + ".", StringComparison.Ordinal))];

    /// <summary>Runs a work in this process.</summary>
    /// <param name="work">one of <see cref="Works"/></param>
    /// <param name="preset">extents</param>
    /// <param name="device">the CPU, or a GPU on which the work exists</param>
    /// <param name="threads">cores to use; null: SMVL_THREADS, else all</param>
    /// <param name="model">only a work that runs no model does without</param>
    /// <param name="cancellation">stops the work</param>
    /// <returns>its row, and its peak's where it has one and the system tells it: of a GPU, the most of its memory that was taken at once</returns>
    /// <exception cref="SmvlException">a folder that cannot be opened, too little memory, or no such device</exception>
    public static IReadOnlyList<BenchmarkRow> Run(
        BenchmarkWork work, BenchmarkPreset preset, DeviceChoice device, int? threads, BenchmarkSource? model, CancellationToken cancellation = default)
    {
        if (work.RunsModel)
        {
            ArgumentNullException.ThrowIfNull(model);
        }

        using Backend backend = Backends.Open(device, new BackendOptions { Threads = threads });
        if (backend is GpuBackend && work.OnlyOnCpu is { } reason)
        {
            throw new ArgumentException($"{work.Name} on {device}: {reason}", nameof(device));
        }

        using MachineLimits? limits = backend is CpuBackend cpu ? new MachineLimits(cpu.Threads) : null;
        Meter meter = new(limits, (backend as GpuBackend)?.Device, cancellation);
        BenchmarkRow row = work.Measure(work.Name, new WorkBench(preset.Extents, backend, meter, model, cancellation));
        return work.RunsModel && meter.PeakBytes is { } peak ? [row, new BenchmarkRow(work.PeakName, peak / Gibi, "GiB")] : [row];
    }

    private static IReadOnlyList<string> NamesOf(IReadOnlyList<BenchmarkWork> works) =>
        [.. works.Select(work => work.Name), .. works.Where(work => work.RunsModel).Select(work => work.PeakName)];

    private static BenchmarkWork Operation(string name, MeasureWork measure) => new(name, runsModel: false, onlyOnCpu: null, measure);

    private static BenchmarkWork OnModel(string name, MeasureWork measure) => new(name, runsModel: true, onlyOnCpu: null, measure);

    private static BenchmarkWork OnCpu(string name, string reason, MeasureWork measure) => new(name, runsModel: false, reason, measure);
}
