using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Smvl.Benchmarks;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>Rows as aligned lines below what they belong to: program, date, machine or GPU with its driver, model.</summary>
internal sealed class BenchTable(TextWriter output)
{
    private const int Digits = 4;

    public void Begin(BenchmarkPreset preset, string? model, GpuDeviceInfo? gpu, int? threads)
    {
        string version = typeof(BenchTable).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        output.WriteLine($"SmVL {version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, {DateTime.Now:yyyy-MM-dd}");
        output.WriteLine(gpu is null ? Processor(threads) : Gpu(gpu));
        output.WriteLine(model is null
            ? $"{preset.Name}: random weights; the tokenizer is a stand-in that merges nothing"
            : $"{preset.Name}, model {model}");
        output.WriteLine();
        output.WriteLine($"{"name",-33}{"value",9} {"unit",-8}{"limit",9}{"share",8}");
    }

    private static string Processor(int? threads)
    {
        using CpuBackend backend = new(threads);
        string vectors = MachineDescription.VectorBits > 32 ? $"vectors of {MachineDescription.VectorBits} bits" : "no vectors";
        return $"{MachineDescription.Processor}, {Environment.ProcessorCount} cores, {backend.ThreadCount} threads, {vectors}";
    }

    private static string Gpu(GpuDeviceInfo gpu) => TerminalText.Printable(
        $"{Backends.Describe(gpu)}, Vulkan {gpu.Api}, {ByteSize.Text(gpu.Memory)}; host {MachineDescription.Processor}, {Environment.ProcessorCount} cores");

    public void Add(BenchmarkRow row) => output.WriteLine(
        $"{row.Name,-33}{Short(row.Value),9} {row.Unit,-8}{(row.Limit is { } limit ? Short(limit) : ""),9}{(row.Share is { } share ? Percent(share) : ""),8}".TrimEnd());

    public void Note(string line) => output.WriteLine(line);

    /// <summary>Does something; a terminal shows meanwhile what.</summary>
    public static T Watch<T>(TextWriter output, string what, Func<T> work) => TerminalText.IsTerminal(output)
        ? AnsiConsole.Status().Start(what, _ => work())
        : work();

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F0} %");

    /// <summary>Four digits, more only before the point.</summary>
    private static string Short(double value)
    {
        int whole = (int)Math.Floor(Math.Log10(value)) + 1;
        return value.ToString("F" + Math.Clamp(Digits - whole, 0, 2 * Digits).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
