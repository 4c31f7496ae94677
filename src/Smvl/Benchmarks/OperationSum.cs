namespace Smvl.Benchmarks;

/// <summary>Several shapes as one figure: all operations over all seconds, beside the seconds that the limit would have taken.</summary>
internal sealed class OperationSum
{
    private const double Giga = 1e9;

    private double operations;
    private double seconds;
    private double? limitSeconds = 0;

    /// <param name="count">floating point operations</param>
    /// <param name="measured">beside <see cref="MachineLimit.MultiplyAdds"/></param>
    public void Add(double count, Measurement measured)
    {
        operations += count;
        seconds += measured.Seconds;
        limitSeconds += count / measured.Limit;
    }

    public BenchmarkRow Row(string name) => BenchmarkRow.Rate(name, operations / seconds / Giga, "GFLOP/s", operations / limitSeconds / Giga);
}
