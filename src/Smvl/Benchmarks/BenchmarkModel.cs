using Smvl.Models;

namespace Smvl.Benchmarks;

/// <summary>A spliced folder with random weights for the works on a model, in a temporary place, removed when disposed.</summary>
public sealed class BenchmarkModel : IDisposable
{
    private readonly string folder;

    private BenchmarkModel(string folder) => this.folder = folder;

    public string Path => System.IO.Path.Combine(folder, "spliced");

    /// <param name="preset">which models</param>
    /// <param name="progress">gets the share done, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    public static BenchmarkModel Make(BenchmarkPreset preset, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        BenchmarkModel model = new(TemporaryFolder());
        try
        {
            string vision = System.IO.Path.Combine(model.folder, "vision"), text = System.IO.Path.Combine(model.folder, "text");
            CheckpointInitializer.Initialize(new InitializeOptions(preset.Extents.Text, text), progress: Part(0, 0.6), cancellation: cancellation);
            CheckpointInitializer.Initialize(new InitializeOptions(preset.Extents.Vision, vision), progress: Part(0.6, 0.8), cancellation: cancellation);
            Splicer.Splice(new SpliceOptions(vision, text, model.Path), progress: Part(0.8, 1), cancellation: cancellation);
            Directory.Delete(vision, recursive: true);
            Directory.Delete(text, recursive: true);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }

        Action<double>? Part(double from, double to) => progress is null ? null : share => progress(from + (share * (to - from)));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>A new folder; its name tells whose it is.</summary>
    internal static string TemporaryFolder() => Directory.CreateTempSubdirectory($"smvl-bench-{Environment.ProcessId}-").FullName;
}
