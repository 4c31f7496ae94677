namespace Smvl.Benchmarks;

/// <summary><c>limit.*</c>: the limits themselves; the other rows measure them again beside their own runs.</summary>
internal static class LimitWork
{
    private const double Giga = 1e9;
    private const int Bursts = 10;

    public static BenchmarkRow MultiplyAdds(string name, WorkBench bench) => new(name, Best(bench, MachineLimit.MultiplyAdds), "GFLOP/s");

    public static BenchmarkRow Read(string name, WorkBench bench) => new(name, Best(bench, MachineLimit.Read), "GB/s");

    private static double Best(WorkBench bench, MachineLimit limit) => Enumerable.Range(0, Bursts).Max(_ => bench.Meter.Burst(limit)!.Value) / Giga;
}
