namespace Smvl.Benchmarks;

/// <summary>Runs a work of that name.</summary>
internal delegate BenchmarkRow MeasureWork(string name, WorkBench bench);

/// <summary>One work to measure.</summary>
public sealed class BenchmarkWork
{
    internal BenchmarkWork(string name, bool runsModel, string? onlyOnCpu, MeasureWork measure)
    {
        Name = name;
        RunsModel = runsModel;
        OnlyOnCpu = onlyOnCpu;
        Measure = measure;
    }

    /// <summary>Of its row.</summary>
    public string Name { get; }

    /// <summary>It opens a folder, and wants a process of its own, whose peak memory is a second row.</summary>
    public bool RunsModel { get; }

    /// <summary>Why there is no such row of a GPU, as a clause; null if there is.</summary>
    public string? OnlyOnCpu { get; }

    /// <summary>The name of the second row.</summary>
    public string PeakName => $"peak.{Name}";

    internal MeasureWork Measure { get; }
}
