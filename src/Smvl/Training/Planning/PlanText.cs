using System.Globalization;

namespace Smvl.Training.Planning;

/// <summary>A plan's quantities as people read them.</summary>
public static class PlanText
{
    private const double Mebi = 1 << 20, Gibi = 1 << 30;

    /// <summary>In MiB or GiB.</summary>
    public static string Bytes(long bytes) => bytes < Gibi
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Mebi:0.0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / Gibi:0.00} GiB");

    /// <summary>In seconds, minutes or hours.</summary>
    public static string Seconds(double seconds) => seconds switch
    {
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} s"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
    };

    /// <summary>By how much a measured quantity lies above a predicted one, in percent.</summary>
    public static string Difference(double predicted, double measured) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * ((measured / predicted) - 1):+0.0;-0.0;0.0} %");
}
