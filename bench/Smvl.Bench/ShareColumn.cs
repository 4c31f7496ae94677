using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Smvl.Tensors.Cpu;

namespace Smvl.Bench;

/// <summary>The rate's share of the machine's limit, which was measured before and behind the runs.</summary>
internal sealed class ShareColumn : IColumn
{
    public string Id => nameof(ShareColumn);

    public string ColumnName => "Share";

    public string Legend => $"Of the limit: multiply-adds in vectors of {MachineLimits.VectorBits} bits, or reading memory (caches give more)";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 1;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        (double multiplyAdds, double read) = LimitRecord.Of(benchmarkCase.Descriptor.Type, RateColumn.Case(benchmarkCase));
        double limit = RateColumn.Work(benchmarkCase).Kind switch
        {
            WorkKind.Arithmetic => multiplyAdds,
            WorkKind.Traffic => read,
            _ => 0,
        };
        return limit > 0 && RateColumn.PerSecond(summary, benchmarkCase) is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"{100 * rate / limit:F0} %")
            : "";
    }
}
