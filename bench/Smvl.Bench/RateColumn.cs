using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Smvl.Bench;

/// <summary>Work per second of the fastest run.</summary>
internal sealed class RateColumn : IColumn
{
    public string Id => nameof(RateColumn);

    public string ColumnName => "Rate";

    public string Legend => "Work per second of the fastest run";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        PerSecond(summary, benchmarkCase) is not { } rate ? "?" : Work(benchmarkCase).Kind switch
        {
            WorkKind.Arithmetic => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e9:F1} GFLOP/s"),
            WorkKind.Traffic => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e9:F1} GB/s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:F1} MB/s"),
        };

    /// <summary>Null where the benchmark failed.</summary>
    public static double? PerSecond(Summary summary, BenchmarkCase benchmarkCase) =>
        summary[benchmarkCase]?.ResultStatistics is { } statistics
            ? Work(benchmarkCase).Times * Case(benchmarkCase).Amount / (statistics.Min * 1e-9)
            : null;

    public static WorkAttribute Work(BenchmarkCase benchmarkCase) => benchmarkCase.Descriptor.WorkloadMethod.GetCustomAttribute<WorkAttribute>()!;

    public static ICase Case(BenchmarkCase benchmarkCase) => (ICase)benchmarkCase.Parameters.Items.Single().Value;
}
