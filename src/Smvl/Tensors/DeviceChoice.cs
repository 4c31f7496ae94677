using System.Globalization;

namespace Smvl.Tensors;

/// <summary>Kinds of device to compute on.</summary>
public enum DeviceKind
{
    /// <summary>A real GPU where there is one, else the CPU.</summary>
    Auto,

    Cpu,

    Gpu,
}

/// <summary>Where to compute, as <c>--device</c> and the key <c>device</c> say it.</summary>
/// <param name="Kind">which kind</param>
/// <param name="Index">which GPU, counted as <c>smvl devices</c> lists them; null for the first</param>
public readonly record struct DeviceChoice(DeviceKind Kind, int? Index = null)
{
    /// <summary>What may be written.</summary>
    public const string Expected = "auto, cpu, gpu or gpu:N";

    private const string GpuPrefix = "gpu:";

    /// <summary>That GPU, or the CPU where there is no number.</summary>
    internal static DeviceChoice Of(int? gpu) => gpu is null ? new DeviceChoice(DeviceKind.Cpu) : new DeviceChoice(DeviceKind.Gpu, gpu);

    public static bool TryParse(string text, out DeviceChoice choice)
    {
        choice = text switch
        {
            "cpu" => new DeviceChoice(DeviceKind.Cpu),
            "gpu" => new DeviceChoice(DeviceKind.Gpu),
            _ => default,
        };
        if (text.StartsWith(GpuPrefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(GpuPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            choice = new DeviceChoice(DeviceKind.Gpu, index);
        }

        return choice != default || text == "auto";
    }

    public override string ToString() =>
        Kind.ToString().ToLowerInvariant() + (Index is { } index ? string.Create(CultureInfo.InvariantCulture, $":{index}") : "");
}
