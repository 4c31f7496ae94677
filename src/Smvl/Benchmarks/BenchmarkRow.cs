namespace Smvl.Benchmarks;

/// <summary>One measured figure, beside what the machine could do at best.</summary>
/// <param name="Name">the work: one of <see cref="BenchmarkSuite.Names"/></param>
/// <param name="Value">the figure</param>
/// <param name="Unit">of value and limit</param>
/// <param name="Limit">the figure that the machine's limit, measured in the same process, would allow; null where there is none</param>
/// <param name="Share">how much of the limit is reached, 1 being all; null where there is none</param>
public sealed record BenchmarkRow(string Name, double Value, string Unit, double? Limit = null, double? Share = null)
{
    /// <summary>More is better.</summary>
    internal static BenchmarkRow Rate(string name, double value, string unit, double? limit) => new(name, value, unit, limit, value / limit);

    /// <summary>Less is better.</summary>
    internal static BenchmarkRow Time(string name, double seconds, double? limit) => new(name, seconds, "s", limit, limit / seconds);
}
