using Smvl.Inference;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

namespace Smvl.Training.Planning;

/// <summary>
/// Defaults of a run on a GPU whose memory is the host's (integrated ones, Apple's): a run that is too large for a card of its own memory
/// ends with one line, there it would take the whole machine's. Where the configuration says nothing about micro-batches, checkpointing
/// and tiles and the run would not fit, it gets what <c>smvl plan --memory</c> would find, and a line says what.
/// </summary>
internal static class UnifiedMemorySettings
{
    /// <summary>Of the memory, for a run; the rest is the system's and other programs'.</summary>
    private const double Share = 0.75;

    /// <summary>Rows of the data that are looked at: what a run's start can wait for.</summary>
    private const int Rows = 64;

    private static readonly TrainingKey[] Keys =
    [
        TrainingKeys.PerDeviceTrainBatchSize, TrainingKeys.GradientAccumulationSteps, TrainingKeys.MaxTokensPerBatch, TrainingKeys.PerDeviceEvalBatchSize,
        TrainingKeys.GradientCheckpointing, TrainingKeys.MaxTiles,
    ];

    /// <summary>Bytes that a run on this device may take: the same whenever it is asked, so that a run that continues has the settings it began with.</summary>
    public static long Limit(GpuDeviceInfo device) => (long)(Share * Math.Min(device.Memory, ProcessMemory.Available));

    /// <param name="arguments">of the run</param>
    /// <param name="limit">bytes of memory</param>
    /// <param name="notice">gets the line</param>
    /// <param name="cancellation">stops the search</param>
    /// <returns>the same, or with other values of keys that it does not give</returns>
    /// <exception cref="SmvlException">what the run would refuse too</exception>
    public static TrainingArguments Fit(TrainingArguments arguments, long limit, Action<string> notice, CancellationToken cancellation)
    {
        if (Keys.Any(arguments.Gives) || TrainingRun.FindModel(arguments, _ => { }) is null)
        {
            return arguments;
        }

        try
        {
            using CpuBackend backend = new();
            TrainingPlan plan = TrainingPlan.Make(
                arguments.With((TrainingKeys.Device, "cpu")), backend, new PlanOptions(Rows, backend.ThreadCount, limit, MeasureTime: false), cancellation: cancellation);
            if (plan.Picked.Count == 0)
            {
                return arguments;
            }

            notice($"{string.Join(", ", plan.Picked.Select(key => $"{key.Key} {key.Value}"))}: so that the run fits {PlanText.Bytes(limit)} of memory that GPU and CPU share, as the configuration says nothing about it");
            return arguments.With([.. plan.Picked.Select(picked => (Keys.Single(key => key.Name == picked.Key), picked.Value))]);
        }
        catch (SmvlException e) when (e.Where == SettingsSearch.Memory)
        {
            // an estimate, of the CPU's memory: no reason to refuse the run
            notice(e.Message);
            return arguments;
        }
    }
}
