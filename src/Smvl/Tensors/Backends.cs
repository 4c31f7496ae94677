using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

namespace Smvl.Tensors;

/// <summary>How a backend is made once it is clear where.</summary>
public sealed record BackendOptions
{
    /// <summary>Cores for the CPU; null for <see cref="ThreadCount.Default"/>.</summary>
    public int? Threads { get; init; }

    /// <summary>What of the task the CPU alone does, as a clause such as "a memory limit is kept on the CPU only"; null if nothing.</summary>
    public string? OnlyOnCpu { get; init; }

    /// <summary>Gets the line that says what was chosen and why, where there was something to choose.</summary>
    public Action<string>? Notice { get; init; }
}

/// <summary>Makes the backend that was asked for.</summary>
public static class Backends
{
    /// <summary>The environment variable for the choice where none is made.</summary>
    public const string Variable = "SMVL_DEVICE";

    /// <param name="choice">where; null for what <see cref="Variable"/> says, else <see cref="DeviceKind.Auto"/>, without a word where there is no real GPU</param>
    /// <param name="options">null for the defaults</param>
    /// <exception cref="SmvlException">there is no such device, or it cannot be used, or not for this</exception>
    public static Backend Open(DeviceChoice? choice = null, BackendOptions? options = null)
    {
        options ??= new BackendOptions();
        return Find(choice ?? FromEnvironment(), options) is { } gpu ? new GpuBackend(GpuDevice.Open(gpu, new GpuOptions { Notice = options.Notice })) : new CpuBackend(options.Threads);
    }

    /// <summary>The GPU that a choice means; null for the CPU.</summary>
    /// <param name="choice">where; null for <see cref="DeviceKind.Auto"/>, without a word where there is no real GPU</param>
    /// <param name="options">null for the defaults</param>
    /// <exception cref="SmvlException">there is no such device, or not for this</exception>
    internal static GpuDeviceInfo? Find(DeviceChoice? choice, BackendOptions? options = null)
    {
        options ??= new BackendOptions();
        DeviceChoice where = choice ?? default;
        if (where.Kind == DeviceKind.Cpu)
        {
            return null;
        }

        if (where.Kind == DeviceKind.Gpu)
        {
            GpuDeviceInfo asked = options.OnlyOnCpu is { } reason
                ? throw new SmvlException(reason, actual: $"--device {where}", hint: "use --device cpu")
                : AskedFor(where, GpuDeviceInfo.List());
            options.Notice?.Invoke($"computing on {Describe(asked)}, as asked for");
            return asked;
        }

        // nothing is said of what is not a real GPU where nobody asked
        return choice is null && !GpuNodes.Any ? null : Auto(GpuDeviceInfo.List(), choice is not null, options, GpuTrial.Failure);
    }

    /// <summary>Number, name and driver.</summary>
    internal static string Describe(GpuDeviceInfo device) => $"GPU {device.Index}: {device.Name}, {device.Driver}";

    private static DeviceChoice? FromEnvironment() => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => null,
        string text when DeviceChoice.TryParse(text, out DeviceChoice choice) => choice,
        string text => throw new SmvlException($"{Variable} names no device", expected: DeviceChoice.Expected, actual: text, hint: "set it to one of them, or unset it"),
    };

    /// <summary>A real GPU that computes right before the CPU, the CPU before a driver that computes on the CPU.</summary>
    /// <param name="devices">of this machine</param>
    /// <param name="isAskedFor">false where nothing was chosen</param>
    /// <param name="options">how it will be opened</param>
    /// <param name="trial">what is wrong with a device; null if nothing is</param>
    internal static GpuDeviceInfo? Auto(IReadOnlyList<GpuDeviceInfo> devices, bool isAskedFor, BackendOptions options, Func<GpuDeviceInfo, string?> trial)
    {
        GpuDeviceInfo? real = devices.FirstOrDefault(device => device.Unusable is null && !device.Capabilities.IsSoftware);
        if (real is not null && options.OnlyOnCpu is null)
        {
            if (trial(real) is { } failure)
            {
                options.Notice?.Invoke($"computing on the CPU: {Describe(real)} fails its first check ({failure}); smvl devices --check shows more, --device gpu takes it all the same");
                return null;
            }

            options.Notice?.Invoke($"computing on {Describe(real)}, the first GPU; --device cpu computes on the CPU");
            return real;
        }

        if (real is not null)
        {
            options.Notice?.Invoke($"computing on the CPU: {options.OnlyOnCpu}");
        }
        else if (isAskedFor || devices.Any(device => !device.Capabilities.IsSoftware))
        {
            options.Notice?.Invoke($"computing on the CPU: {WhyNone(devices)}");
        }

        return null;
    }

    private static GpuDeviceInfo AskedFor(DeviceChoice choice, IReadOnlyList<GpuDeviceInfo> devices)
    {
        if (choice.Index is { } index && index >= devices.Count)
        {
            throw new SmvlException(
                $"there is no GPU {index}", expected: devices.Count == 0 ? "none" : $"gpu:0 to gpu:{devices.Count - 1}", actual: choice.ToString(),
                hint: "smvl devices lists what there is");
        }

        return choice.Index is { } chosen
            ? devices[chosen]
            : devices.FirstOrDefault(device => device.Unusable is null)
                ?? throw new SmvlException($"there is no GPU to compute on: {WhyNone(devices)}", hint: "install its Vulkan driver, or use --device cpu; smvl devices lists what there is");
    }

    private static string WhyNone(IReadOnlyList<GpuDeviceInfo> devices) =>
        devices.Count == 0 ? "there is no device with a Vulkan driver"
        : devices.FirstOrDefault(device => !device.Capabilities.IsSoftware) is { } real ? $"{real.Name}: {real.Unusable}"
        : $"{devices[0].Name} is a driver that computes on the CPU, only slower";
}
