using Smvl.Benchmarks;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;

namespace Smvl.Cli;

/// <summary>Measures rows one after the other and shows each as soon as it is there.</summary>
internal sealed class BenchRun(
    BenchmarkPreset preset, BenchmarkSource? model, GpuDeviceInfo? gpu, int? threads, TextWriter output, CancellationToken cancellation)
{
    /// <summary>A work could not be measured; the others were.</summary>
    public bool Failed { get; private set; }

    /// <param name="names">of <see cref="BenchmarkSuite.Names"/></param>
    /// <exception cref="SmvlException">the user's folder is no model</exception>
    public IReadOnlyList<BenchmarkRow> Measure(IReadOnlySet<string> names)
    {
        BenchmarkWork[] works = [.. BenchmarkSuite.Works.Where(work => names.Contains(work.Name) || (work.RunsModel && names.Contains(work.PeakName)))];
        if (model is { IsGguf: false })
        {
            _ = ConfigFile.ReadModel(model.Path);
        }

        using BenchmarkModel? made = model is null && works.Any(work => work.RunsModel)
            ? WriteProgress.Watch(output, progress => BenchmarkModel.Make(preset, progress, cancellation))
            : null;
        BenchTable table = new(output);
        table.Begin(preset, model?.Path, gpu, threads);
        DeviceChoice device = DeviceChoice.Of(gpu?.Index);
        var rows = new List<BenchmarkRow>();
        foreach (BenchmarkWork work in works)
        {
            try
            {
                IReadOnlyList<BenchmarkRow> measured = BenchTable.Watch(output, work.Name, () => work.RunsModel
                    ? BenchProcess.Run(work, preset, device, threads, model ?? new BenchmarkSource(made!.Path), cancellation)
                    : BenchmarkSuite.Run(work, preset, device, threads, model, cancellation));
                foreach (BenchmarkRow row in measured.Where(row => names.Contains(row.Name)))
                {
                    rows.Add(row);
                    table.Add(row);
                }
            }
            catch (SmvlException e)
            {
                Failed = true;
                table.Note($"{work.Name}: not measured: {e.Message}");
            }
        }

        return rows;
    }
}
